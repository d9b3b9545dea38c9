"""Rollups by destination, edge and hour, added to for many at once."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select

from trunks.models.health_rollup import HealthRollup, RollupCounts
from trunks.repositories.among import among
from trunks.repositories.insert_or import insert_or_update
from trunks.repositories.repository import Repository
from trunks.rules.latency_buckets import BUCKETS, bucket_of

BUCKET_COLUMNS = tuple(f"latency_{number:02}" for number in range(BUCKETS))
# What is added up; of `latency_max_ms` the greatest is kept.
SUMMED_COLUMNS = ("checks", "failures", "latency_sum_ms", *BUCKET_COLUMNS)
KEY_COLUMNS = ("destination_id", "edge", "of_destination")

_NONE_IN_A_BUCKET = dict.fromkeys(BUCKET_COLUMNS, 0)


@dataclass(frozen=True, slots=True)
class CountedCheck:
    """One check of an edge, or of a destination where `edge` is empty; `latency_ms` where it was answered."""

    destination_id: UUID
    edge: str
    of_destination: bool
    alive: bool
    latency_ms: float | None


@dataclass(frozen=True, slots=True)
class EdgeCounts:
    """What an edge's checks came to together; `latencies` are how many of each size there were."""

    edge: str
    checks: int
    failures: int
    latency_sum_ms: float
    latency_max_ms: float
    latencies: tuple[int, ...]


class HealthRollups(Repository):
    def add(self, checks: Iterable[CountedCheck], hour: datetime) -> None:
        """Add checks to their hour, at most one of each destination and edge."""
        rows = [_row(check, hour) for check in checks]
        if rows:
            insert_or_update(
                self._session,
                HealthRollup,
                *rows,
                unique=[*KEY_COLUMNS, "hour"],
                changed=added_to(HealthRollup),
            )

    def edges_of(self, destination_ids: Collection[UUID], since: datetime) -> Sequence[EdgeCounts]:
        """Add up the hours of these destinations' edges that began at a moment or later."""
        kept = HealthRollup
        rows = self._session.execute(
            select(
                kept.edge,
                *(func.sum(getattr(kept, name)) for name in SUMMED_COLUMNS),
                func.max(kept.latency_max_ms),
            )
            .where(
                among(self._session, kept.destination_id, destination_ids),
                kept.hour >= since,
                kept.edge != "",
            )
            .group_by(kept.edge)
            .order_by(kept.edge)
        )
        return [
            EdgeCounts(edge, checks, failures, latency_sum_ms, latency_max_ms, tuple(latencies))
            for edge, checks, failures, latency_sum_ms, *latencies, latency_max_ms in rows
        ]


def added_to(kept: type[RollupCounts]) -> Callable[[Any], dict[str, Any]]:
    """How new counts change those that are kept."""
    return lambda new: {
        **{name: getattr(kept, name) + new[name] for name in SUMMED_COLUMNS},
        "latency_max_ms": case(
            (kept.latency_max_ms >= new.latency_max_ms, kept.latency_max_ms), else_=new.latency_max_ms
        ),
    }


def _row(check: CountedCheck, hour: datetime) -> dict[str, Any]:
    latency_ms = check.latency_ms
    row = {
        "destination_id": check.destination_id,
        "edge": check.edge,
        "of_destination": check.of_destination,
        "hour": hour,
        "checks": 1,
        "failures": 0 if check.alive else 1,
        "latency_sum_ms": latency_ms or 0.0,
        "latency_max_ms": latency_ms or 0.0,
        **_NONE_IN_A_BUCKET,
    }
    if latency_ms is not None:
        row[BUCKET_COLUMNS[bucket_of(latency_ms)]] = 1
    return row
