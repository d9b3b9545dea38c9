"""Rollups by the hour that become rollups by the day."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from trunks.models.health_rollup import DailyRollup, HealthRollup
from trunks.repositories.among import among
from trunks.repositories.health_rollups import KEY_COLUMNS, SUMMED_COLUMNS, added_to
from trunks.repositories.insert_or import insert_or_update
from trunks.repositories.repository import Repository


class RollupFolding(Repository):
    def oldest(self, before: datetime, *, limit: int) -> Sequence[UUID]:
        """List the oldest hours that began before a moment."""
        return self._session.scalars(
            select(HealthRollup.id).where(HealthRollup.hour < before).order_by(HealthRollup.hour).limit(limit)
        ).all()

    def fold(self, ids: Sequence[UUID]) -> int:
        """Add these hours to their days and remove them, but for those that another has locked; give their number."""
        hours = self._session.scalars(
            select(HealthRollup)
            .where(among(self._session, HealthRollup.id, ids))
            .with_for_update(skip_locked=True)
        ).all()
        if not hours:
            return 0
        days: dict[tuple[Any, ...], list[HealthRollup]] = defaultdict(list)
        for hour in hours:
            day = hour.hour.replace(hour=0, minute=0, second=0, microsecond=0)
            days[(*(getattr(hour, name) for name in KEY_COLUMNS), day)].append(hour)
        # In one order, so that two workers never wait for one another.
        rows = [_day(key, days[key]) for key in sorted(days)]
        insert_or_update(
            self._session, DailyRollup, *rows, unique=[*KEY_COLUMNS, "day"], changed=added_to(DailyRollup)
        )
        self._session.execute(
            delete(HealthRollup)
            .where(among(self._session, HealthRollup.id, [hour.id for hour in hours]))
            .execution_options(synchronize_session=False)
        )
        return len(hours)


def _day(key: tuple[Any, ...], hours: Sequence[HealthRollup]) -> dict[str, Any]:
    return {
        **dict(zip((*KEY_COLUMNS, "day"), key, strict=True)),
        **{name: sum(getattr(hour, name) for hour in hours) for name in SUMMED_COLUMNS},
        "latency_max_ms": max(hour.latency_max_ms for hour in hours),
    }
