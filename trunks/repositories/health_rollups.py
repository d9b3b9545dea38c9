"""Rollups by destination and hour, added to for many destinations at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import case, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from trunks.ids import new_id
from trunks.models.health_rollup import HealthRollup


@dataclass(frozen=True, slots=True)
class Sample:
    """One check of a destination; `latency_ms` where it answered."""

    destination_id: UUID
    alive: bool
    latency_ms: float | None


class HealthRollups:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, samples: Sequence[Sample], hour: datetime) -> None:
        """Add one check of each destination to its hour."""
        if not samples:
            return
        dialect = postgresql if self._session.get_bind().dialect.name == "postgresql" else sqlite
        insert = dialect.insert(HealthRollup)
        new, kept = insert.excluded, HealthRollup
        self._session.execute(
            insert.on_conflict_do_update(
                index_elements=["destination_id", "hour"],
                set_={
                    "checks": kept.checks + new.checks,
                    "failures": kept.failures + new.failures,
                    "latency_sum_ms": kept.latency_sum_ms + new.latency_sum_ms,
                    "latency_max_ms": case(
                        (kept.latency_max_ms >= new.latency_max_ms, kept.latency_max_ms),
                        else_=new.latency_max_ms,
                    ),
                },
            ),
            [
                {
                    "id": new_id(),
                    "destination_id": sample.destination_id,
                    "hour": hour,
                    "checks": 1,
                    "failures": 0 if sample.alive else 1,
                    "latency_sum_ms": sample.latency_ms or 0.0,
                    "latency_max_ms": sample.latency_ms or 0.0,
                }
                for sample in samples
            ],
        )

    def of(self, destination_id: UUID, *, since: datetime) -> Sequence[HealthRollup]:
        """List a destination's hours, oldest first."""
        return self._session.scalars(
            select(HealthRollup)
            .where(HealthRollup.destination_id == destination_id, HealthRollup.hour >= since)
            .order_by(HealthRollup.hour)
        ).all()
