"""Pace by edge address, over all workers and tenants (docs/design/queue.md, "Shares")."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.clock import Clock, utc_now
from trunks.repositories.edge_budgets import EdgeBudgets
from trunks.rules.knock_limits import KnockRules
from trunks.runs.admission_turn import AdmissionTurn
from trunks.runs.edge_paces import EdgePaces, PaceLimits
from trunks.runs.knock_book import KnockBook
from trunks.runs.knock_ledger import LedgerTurn, stood
from trunks.runs.wishes import Admission, Spending, Wish
from trunks.store.database import LOCK_WAIT_MS, Database


class AddressLimits:
    """A token bucket and slots for each address. A granted run takes its tokens at once, also those still to come, for
    which it waits: whoever asks later waits longer.

    Only on-demand runs may take tokens that are still to come, so that scheduled ones find none before them.
    """

    def __init__(
        self,
        database: Database,
        limits: PaceLimits,
        *,
        knocks: KnockBook | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self.knocks = knocks or KnockBook(KnockRules(None))
        self._database = database
        self._limits = limits
        self._clock = clock

    @property
    def off(self) -> bool:
        """Whether whoever sends no password has not to ask."""
        return self._limits.off and self.knocks.off

    def admit(self, wishes: Sequence[Wish], *, lock_wait_ms: int | None = LOCK_WAIT_MS) -> list[Admission]:
        """Ask for many in one turn, each behind those of its environment before it; on demand before the others."""
        if self._limits.off and not any(wish.visit for wish in wishes):
            return [Admission(True) for _ in wishes]
        order = sorted(range(len(wishes)), key=lambda number: not wishes[number].on_demand)
        # What a server forgets of it was given a moment before it crashed (decision 37).
        with self._database.write(lock_wait_ms=lock_wait_ms, flushed=False) as session:
            now = self._clock()
            ledger = LedgerTurn(session, self.knocks, now)
            turn = AdmissionTurn(EdgeBudgets(session), self._limits, ledger, now)
            turn.begin({address for wish in wishes for address in wish.requests})
            ledger.begin(wish.visit for wish in wishes if wish.visit is not None)
            answers = {number: turn.admit(wishes[number]) for number in order}
            turn.end()
            ledger.end()
        return [answers[number] for number in range(len(wishes))]

    def knocks_before(self, addresses: Sequence[str]) -> list[int]:
        """How many of our requests a guard at each of these addresses may have counted in the last 24 hours."""
        with self._database.read() as session:
            return stood(session, addresses, self._clock())

    def settle(self, spendings: Sequence[Spending]) -> None:
        """End granted runs: their slots are free, what they did not send comes back, what they sent more is debited."""
        if spendings and not self._limits.off:
            with self._database.write() as session:
                self.settle_within(session, spendings)

    def free(self, slots: Sequence[tuple[str, UUID]]) -> list[None]:
        """Free slots before their runs end, each given by its address and claim."""
        with self._database.write(lock_wait_ms=LOCK_WAIT_MS, flushed=False) as session:
            EdgeBudgets(session).free_slots_at(slots)
        return [None for _ in slots]

    def lock(self, session: Session, spendings: Sequence[Spending]) -> None:
        """Keep every other writer off the buckets that settle_within() changes, before any other row is locked."""
        addresses = {address for spending in spendings for address in spending.returned()}
        if addresses:
            EdgeBudgets(session).locked(addresses, burst=self._limits.burst, now=self._clock())

    def settle_within(self, session: Session, spendings: Sequence[Spending]) -> None:
        """The same inside a transaction of the caller, who has locked nothing yet, or these buckets."""
        if not spendings or self._limits.off:
            return
        budgets = EdgeBudgets(session)
        returned: Counter[tuple[str, UUID]] = Counter()
        for spending in spendings:
            for address, count in spending.returned().items():
                returned[address, spending.environment_id] += count
        if returned and self._limits.rate:
            paces = EdgePaces(budgets, self._limits, self._clock())
            paces.load({address for address, _ in returned})
            for (address, environment_id), count in returned.items():
                paces.at(address).give_back(environment_id, count)
            paces.keep()
        budgets.free_slots([spending.claim_id for spending in spendings])
