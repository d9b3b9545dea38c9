"""Health checks in the ledger of knocks: those that a peer's guard may count (docs/design/queue.md, "Knocks")."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from trunks.clock import Clock, utc_now
from trunks.ids import new_id
from trunks.repositories.edge_budgets import EdgeBudgets
from trunks.repositories.knocks import Knocks
from trunks.rules.check_pace import FALL, CheckRest, CheckVisit, check_rest
from trunks.rules.knock import Knock
from trunks.rules.knock_limits import DAY
from trunks.runs.knock_book import KnockBook
from trunks.store.database import Database


@dataclass(frozen=True, slots=True)
class CheckWish:
    """A check at its addresses; what it may cost is reserved until the end of its lease."""

    visit: CheckVisit
    addresses: Collection[str]
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class CheckAdmission:
    """`visit` is the check with the environment whose share it takes; `wait_seconds` says after how long one that is
    not admitted may come again.
    """

    claim_id: UUID
    visit: CheckVisit
    rest: CheckRest
    wait_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class CheckSettlement:
    """What an admitted check came to: whether a guard may have counted it, at each of its addresses, and whether it was
    met with silence.
    """

    wish: CheckWish
    admission: CheckAdmission
    counted: bool
    silent: bool = False


class CheckLedger:
    def __init__(self, database: Database, book: KnockBook, *, burst: float, clock: Clock = utc_now) -> None:
        self._database = database
        self._book = book
        self._burst = burst
        self._clock = clock

    def limited(self, addresses: Iterable[str]) -> list[str]:
        """Those of the addresses that have a limit."""
        return [address for address in addresses if self._book.limits(address) is not None]

    def admit(self, wishes: Sequence[CheckWish]) -> list[CheckAdmission]:
        """Judge many checks in one turn, each behind those before it. Raises StoreUnavailable."""
        addresses = {address for wish in wishes for address in wish.addresses}
        with self._database.write() as session:
            now = self._clock()
            # Whoever reads the ledger to decide has the bucket: runs and checks decide one after the other.
            EdgeBudgets(session).locked(addresses, burst=self._burst, now=now)
            rows = Knocks(session)
            standing: dict[str, list[Knock]] = {address: [] for address in addresses}
            for knock in rows.at(addresses, now - DAY):
                standing[knock.address].append(knock)
            environments = rows.environments_at({wish.visit.destination_id for wish in wishes})
            reserved: list[Knock] = []
            answers = []
            for asked in wishes:
                environment_id = environments.get(asked.visit.destination_id)
                wish = replace(asked, visit=replace(asked.visit, environment_id=environment_id))
                admission = self._judge(rows, standing, wish, now)
                answers.append(admission)
                if admission.wait_seconds is None and wish.visit.failures < FALL:
                    for knock in _knocks(wish, admission, now, lease_until=wish.lease_until):
                        standing[knock.address].append(knock)
                        reserved.append(knock)
            rows.enter(reserved)
            return answers

    def settle(self, settlements: Sequence[CheckSettlement]) -> None:
        """Put what was seen in the place of what was reserved. Raises StoreUnavailable."""
        if not settlements:
            return
        with self._database.write() as session:
            now = self._clock()
            rows = Knocks(session)
            rows.remove([each.admission.claim_id for each in settlements])
            rows.enter(
                knock
                for each in settlements
                if each.counted
                for knock in _knocks(each.wish, each.admission, now, silent=each.silent)
            )

    def _judge(
        self, rows: Knocks, standing: dict[str, list[Knock]], wish: CheckWish, now: datetime
    ) -> CheckAdmission:
        rests = []
        for address in wish.addresses:
            limits = self._book.limits(address)
            if limits is not None:
                rest = check_rest(standing[address], wish.visit, limits, now)
                if rest.until is not None:
                    grown = self._book.grown(rows, address, now) or limits
                    rest = check_rest(standing[address], wish.visit, grown, now)
                rests.append(rest)
        until = max((rest.until for rest in rests if rest.until is not None), default=None)
        slowest = max(rests, key=lambda rest: rest.even_seconds)
        wait_seconds = None if until is None else (until - now).total_seconds()
        return CheckAdmission(new_id(), wish.visit, slowest, wait_seconds)


def _knocks(
    wish: CheckWish,
    admission: CheckAdmission,
    now: datetime,
    *,
    silent: bool = False,
    lease_until: datetime | None = None,
) -> list[Knock]:
    return [
        Knock(
            address=address,
            environment_id=admission.visit.environment_id,
            account_key=admission.visit.key(admission.rest.kind),
            at=now,
            weight=1,
            refused=0,
            silent=int(silent),
            claim_id=admission.claim_id,
            lease_until=lease_until,
        )
        for address in wish.addresses
    ]
