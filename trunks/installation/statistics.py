"""The store's statistics for the metrics: cheap enough to be asked every few seconds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from trunks.clock import Clock
from trunks.models.edge_budget import EdgeBudget
from trunks.models.verification import VerificationStatus
from trunks.repositories.certificate_ends import CertificateEnds
from trunks.repositories.mass_falls import MassFalls
from trunks.repositories.statistics import DestinationCount, FinishedCount, StatisticsCounts, TrunkCount
from trunks.repositories.table_sizes import TableSizes
from trunks.store.database import Database

# A run has its `finished_at` before its transaction commits, and workers' clocks differ: what is younger is left for
# the next time, so that each run is counted once.
SETTLED = timedelta(seconds=10)

# Of thousands of addresses a graph shows so many.
_MOST_DELAYED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsSeen:
    """The store at one moment; `finished` are the runs between the last time and `finished_until`.

    `certificates` counts destinations by the span in which the first of their certificates ends. `most_delayed` are the
    addresses whose tokens are spent longest in advance, with the seconds.
    """

    finished: tuple[FinishedCount, ...]
    finished_until: datetime
    verifications_waiting: int
    verifications_running: int
    verifications_put_off: int
    addresses_short: int
    most_delayed: Mapping[str, float]
    trunks: tuple[TrunkCount, ...]
    destinations: tuple[DestinationCount, ...]
    check_lag_seconds: float
    flips_are_held: bool
    certificates: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class TableSeen:
    """A table at one moment; None while it has no row with an age."""

    table: str
    rows: int
    oldest_seconds: float | None


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
            waits = self._waits(counts.overdrawn(), now)
            return StatisticsSeen(
                finished=counts.finished(finished_since, until),
                finished_until=until,
                verifications_waiting=counts.with_status(VerificationStatus.QUEUED),
                verifications_running=counts.with_status(VerificationStatus.RUNNING),
                verifications_put_off=counts.put_off(now),
                addresses_short=len(waits),
                most_delayed=dict(islice(waits.items(), _MOST_DELAYED)),
                trunks=counts.trunks(),
                destinations=counts.destinations(),
                check_lag_seconds=_lag_seconds(counts.most_overdue_at(), now),
                flips_are_held=MassFalls(session).open() is not None,
                certificates=CertificateEnds(session).by_span(now),
            )

    def tables(self) -> tuple[TableSeen, ...]:
        """Look at the sizes of the tables. Raises StoreUnavailable."""
        with self.database.read() as session:
            now = self.clock()
            return tuple(
                TableSeen(
                    size.table,
                    size.rows,
                    None if size.oldest_at is None else _lag_seconds(size.oldest_at, now),
                )
                for size in TableSizes(session).estimated()
            )

    def _waits(self, overdrawn: Iterable[EdgeBudget], now: datetime) -> dict[str, float]:
        """For how many seconds the tokens of each address are spent in advance, the longest first."""
        if not self.address_rate:
            return {}
        seconds = {
            budget.address: -budget.tokens / self.address_rate - (now - budget.refilled_at).total_seconds()
            for budget in overdrawn
        }
        waiting = [(address, each) for address, each in seconds.items() if each > 0]
        return dict(sorted(waiting, key=lambda pair: (-pair[1], pair[0])))


def _lag_seconds(due_at: datetime | None, now: datetime) -> float:
    return 0.0 if due_at is None else max(0.0, (now - due_at).total_seconds())
