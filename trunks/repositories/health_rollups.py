"""Rollups by destination and hour, added to for many destinations at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case

from trunks.models.health_rollup import HealthRollup
from trunks.repositories.insert_or import insert_or_update
from trunks.repositories.repository import Repository


@dataclass(frozen=True, slots=True)
class Sample:
    """One check of a destination; `latency_ms` where it answered."""

    destination_id: UUID
    alive: bool
    latency_ms: float | None


class HealthRollups(Repository):
    def add(self, samples: Sequence[Sample], hour: datetime) -> None:
        """Add one check of each destination to its hour."""
        if not samples:
            return
        rows = (
            {
                "destination_id": sample.destination_id,
                "hour": hour,
                "checks": 1,
                "failures": 0 if sample.alive else 1,
                "latency_sum_ms": sample.latency_ms or 0.0,
                "latency_max_ms": sample.latency_ms or 0.0,
            }
            for sample in samples
        )
        insert_or_update(
            self._session, HealthRollup, *rows, unique=["destination_id", "hour"], changed=_added
        )


def _added(new: Any) -> dict[str, Any]:
    kept = HealthRollup
    return {
        "checks": kept.checks + new.checks,
        "failures": kept.failures + new.failures,
        "latency_sum_ms": kept.latency_sum_ms + new.latency_sum_ms,
        "latency_max_ms": case(
            (kept.latency_max_ms >= new.latency_max_ms, kept.latency_max_ms), else_=new.latency_max_ms
        ),
    }
