"""The hours and days of destinations, for their history."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from trunks.models.health_rollup import DailyRollup, HealthRollup, RollupCounts
from trunks.repositories.health_rollups import BUCKET_COLUMNS
from trunks.repositories.repository import Repository
from trunks.rules.health_history import CountedSpan


class HealthSpans(Repository):
    def hours(self, since: Mapping[UUID, datetime], until: datetime) -> Sequence[CountedSpan]:
        """List the hours of destinations, each from its moment on, that began before `until`."""
        return self._spans(HealthRollup, HealthRollup.destination_id, HealthRollup.hour, since, until)

    def days(self, since: Mapping[UUID, datetime], until: datetime) -> Sequence[CountedSpan]:
        """The same of days; those whose hours are kept one by one are not among them."""
        return self._spans(DailyRollup, DailyRollup.destination_id, DailyRollup.day, since, until)

    def _spans(
        self,
        kept: type[RollupCounts],
        destination_id: InstrumentedAttribute[UUID],
        at: InstrumentedAttribute[datetime],
        since: Mapping[UUID, datetime],
        until: datetime,
    ) -> Sequence[CountedSpan]:
        # No column that an index is of: SQLite would read that range of all destinations by the index of moments.
        began = func.coalesce(at, at)
        wanted = or_(*(and_(destination_id == each, began >= moment) for each, moment in since.items()))
        rows = self._session.execute(
            select(
                destination_id,
                at,
                func.sum(kept.checks),
                func.sum(kept.failures),
                func.max(kept.latency_max_ms),
                *(func.sum(getattr(kept, name)) for name in BUCKET_COLUMNS),
            )
            .where(wanted, began < until, kept.of_destination)
            .group_by(destination_id, at)
        )
        return [
            CountedSpan(of, moment, checks, failures, longest_ms, tuple(latencies))
            for of, moment, checks, failures, longest_ms, *latencies in rows
        ]
