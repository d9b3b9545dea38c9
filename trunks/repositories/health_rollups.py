"""Rollups by destination and hour, added to for many destinations at once."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case

from trunks.models.health_rollup import HealthRollup, RollupCounts
from trunks.repositories.insert_or import insert_or_update
from trunks.repositories.repository import Repository


class HealthRollups(Repository):
    def add(self, checks: Mapping[UUID, tuple[bool, float | None]], hour: datetime) -> None:
        """Add one check of each destination to its hour: whether it was alive, and its latency in milliseconds."""
        if not checks:
            return
        rows = (
            {
                "destination_id": destination_id,
                "hour": hour,
                "checks": 1,
                "failures": 0 if alive else 1,
                "latency_sum_ms": latency_ms or 0.0,
                "latency_max_ms": latency_ms or 0.0,
            }
            for destination_id, (alive, latency_ms) in checks.items()
        )
        insert_or_update(
            self._session,
            HealthRollup,
            *rows,
            unique=["destination_id", "hour"],
            changed=added_to(HealthRollup),
        )


def added_to(kept: type[RollupCounts]) -> Callable[[Any], dict[str, Any]]:
    """How new counts change those that are kept."""
    return lambda new: {
        "checks": kept.checks + new.checks,
        "failures": kept.failures + new.failures,
        "latency_sum_ms": kept.latency_sum_ms + new.latency_sum_ms,
        "latency_max_ms": case(
            (kept.latency_max_ms >= new.latency_max_ms, kept.latency_max_ms), else_=new.latency_max_ms
        ),
    }
