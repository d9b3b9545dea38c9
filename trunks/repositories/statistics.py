"""What an operator's graphs are drawn from: counts, each by one statement."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import ColumnElement

from sipcheck.reasons import Outcome, Reason
from trunks.models.destination_health import DestinationHealth
from trunks.models.edge_budget import EdgeBudget
from trunks.models.trunk import Trunk
from trunks.models.verification import RequestedBy, Verification, VerificationStatus
from trunks.repositories.repository import Repository
from trunks.rules.trunk_state import HealthStatus


@dataclass(frozen=True, slots=True)
class FinishedCount:
    outcome: Outcome
    reason: Reason
    count: int


@dataclass(frozen=True, slots=True)
class TrunkCount:
    health_status: HealthStatus
    is_active: bool
    count: int


@dataclass(frozen=True, slots=True)
class DestinationCount:
    """Destinations that are checked, by their latest result; None before the first."""

    alive: bool | None
    reason: Reason | None
    count: int


Count = TypeVar("Count")


class StatisticsCounts(Repository):
    def finished(self, since: datetime, until: datetime) -> tuple[FinishedCount, ...]:
        """Count the runs that were finished from `since` on and before `until`."""
        return self._counted(
            FinishedCount,
            (Verification.outcome, Verification.reason),
            Verification.status == VerificationStatus.DONE,
            Verification.finished_at >= since,
            Verification.finished_at < until,
            Verification.outcome.is_not(None),
            Verification.reason.is_not(None),
        )

    def with_status(self, status: VerificationStatus) -> int:
        return self._count(Verification.status == status)

    def put_off(self, now: datetime) -> int:
        """Count the runs that somebody asked for and that were given back to wait for their addresses."""
        return self._count(
            Verification.status == VerificationStatus.QUEUED,
            Verification.requested_by == RequestedBy.CUSTOMER,
            Verification.due_at > now,
        )

    def trunks(self) -> tuple[TrunkCount, ...]:
        return self._counted(TrunkCount, (Trunk.health_status, Trunk.is_active), Trunk.is_draft.is_(False))

    def destinations(self) -> tuple[DestinationCount, ...]:
        by = (DestinationHealth.alive, DestinationHealth.reason)
        return self._counted(DestinationCount, by, DestinationHealth.next_check_at.is_not(None))

    def most_overdue_at(self) -> datetime | None:
        """When the check was first due that waits longest, or is to come next."""
        due = (DestinationHealth.next_check_at, DestinationHealth.due_since)
        moments = [self._session.scalar(select(func.min(each)).where(each.is_not(None))) for each in due]
        return min((moment for moment in moments if moment is not None), default=None)

    def overdrawn(self) -> tuple[EdgeBudget, ...]:
        """List the addresses whose tokens were spent in advance, as of when each was last refilled."""
        return tuple(self._session.scalars(select(EdgeBudget).where(EdgeBudget.tokens < 0)))

    def _counted(
        self,
        kind: Callable[..., Count],
        by: tuple[InstrumentedAttribute[Any], ...],
        *conditions: ColumnElement[bool],
    ) -> tuple[Count, ...]:
        """Count the rows that fulfil the conditions, by some columns."""
        rows = self._session.execute(select(*by, func.count()).where(*conditions).group_by(*by))
        return tuple(kind(*row) for row in rows)
