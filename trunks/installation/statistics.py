"""The store's statistics for the metrics: cheap enough to be asked every few seconds."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from trunks.clock import Clock
from trunks.models.verification import VerificationStatus
from trunks.repositories.mass_falls import MassFalls
from trunks.repositories.statistics import DestinationCount, FinishedCount, StatisticsCounts, TrunkCount
from trunks.store.database import Database

# A run has its `finished_at` before its transaction commits, and workers' clocks differ: what is younger is left for
# the next time, so that each run is counted once.
SETTLED = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsSeen:
    """The store at one moment; `finished` are the runs between the last time and `finished_until`."""

    finished: tuple[FinishedCount, ...]
    finished_until: datetime
    verifications_waiting: int
    verifications_running: int
    verifications_put_off: int
    addresses_short: int
    trunks: tuple[TrunkCount, ...]
    destinations: tuple[DestinationCount, ...]
    check_lag_seconds: float
    flips_are_held: bool


@dataclass(frozen=True, slots=True)
class Statistics:
    database: Database
    address_rate: float
    clock: Clock

    def settled_until(self) -> datetime:
        """From when on finished runs are still to be counted."""
        return self.clock() - SETTLED

    def see(self, finished_since: datetime) -> StatisticsSeen:
        """Look at the store. Raises StoreUnavailable."""
        with self.database.read() as session:
            now = self.clock()
            counts = StatisticsCounts(session)
            until = max(finished_since, now - SETTLED)
            return StatisticsSeen(
                finished=counts.finished(finished_since, until),
                finished_until=until,
                verifications_waiting=counts.with_status(VerificationStatus.QUEUED),
                verifications_running=counts.with_status(VerificationStatus.RUNNING),
                verifications_put_off=counts.put_off(now),
                addresses_short=sum(
                    budget.tokens + (now - budget.refilled_at).total_seconds() * self.address_rate < 0
                    for budget in counts.overdrawn()
                ),
                trunks=counts.trunks(),
                destinations=counts.destinations(),
                check_lag_seconds=_lag_seconds(counts.most_overdue_at(), now),
                flips_are_held=MassFalls(session).open() is not None,
            )


def _lag_seconds(due_at: datetime | None, now: datetime) -> float:
    return 0.0 if due_at is None else max(0.0, (now - due_at).total_seconds())
