"""Pace by edge address, over all workers and tenants (docs/design/architecture.md, "Good manners")."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.clock import Clock, utc_now
from trunks.models.edge_budget import EdgeBudget
from trunks.repositories.edge_budgets import EdgeBudgets
from trunks.rules.knock_limits import KnockRules
from trunks.runs.knock_book import KnockBook
from trunks.runs.knock_ledger import LOOK_SECONDS, Hold, LedgerTurn, Visit, stood
from trunks.store.database import LOCK_WAIT_MS, Database

# How soon a run looks again whether a slot has become free.
_SLOT_LOOK_SECONDS = 0.25
_MOST_LINES = 1000
# Of those in a turn whose time had come, so many may look again soon.
_LOOK_AGAIN_SOON = 20
# Whoever has to wait longer looks again then; what is due later than this was put off by a clock that was ahead.
LONGEST_WAIT = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class PaceLimits:
    """Requests a second and at once, and verifications in flight, for each address; 0 is no limit."""

    rate: float = 4.0
    burst: int = 8
    concurrency: int = 4

    @property
    def off(self) -> bool:
        return not self.rate and not self.concurrency


@dataclass(frozen=True, slots=True)
class Admission:
    """Granted: send after `wait_seconds`. Not granted: nothing was taken; ask again after them, unless the ledger of
    knocks stands against it.
    """

    granted: bool
    wait_seconds: float = 0.0
    hold: Hold | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a run would send to each address, waiting for tokens no longer than `patience_seconds`.

    `put_off` says that it was refused before, and that its time has come. `visit` is what the ledger of knocks judges.
    """

    claim_id: UUID
    requests: Mapping[str, int]
    lease_until: datetime
    on_demand: bool
    patience_seconds: float
    put_off: bool = False
    visit: Visit | None = None


@dataclass(frozen=True, slots=True)
class Spending:
    """What a run was granted, and what of it it `sent`; None where nobody knows, which counts as what was granted."""

    claim_id: UUID
    granted: Mapping[str, int]
    sent: Mapping[str, int] | None


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
        # When the last of those that were refused here comes again, by address.
        self._lines: dict[str, datetime] = {}

    @property
    def off(self) -> bool:
        """Whether whoever sends no password has not to ask."""
        return self._limits.off and self.knocks.off

    def admit(self, wishes: Sequence[Wish]) -> list[Admission]:
        """Ask for many runs in one turn, each behind those before it."""
        with self._database.write(lock_wait_ms=LOCK_WAIT_MS) as session:
            now = self._clock()
            ledger = LedgerTurn(session, self.knocks, now)
            turn = _Turn(EdgeBudgets(session), self._limits, self._lines, ledger, now)
            turn.begin({address for wish in wishes for address in wish.requests})
            ledger.begin(wish.visit for wish in wishes if wish.visit is not None)
            answers = [turn.admit(wish) for wish in wishes]
            turn.end()
            ledger.end()
        if len(self._lines) > _MOST_LINES:
            self._lines = {address: last for address, last in self._lines.items() if last > self._clock()}
        return answers

    def admit_each(
        self, wishes: Sequence[Mapping[str, int]], *, patience_seconds: Sequence[float]
    ) -> list[Admission]:
        """Ask for many scheduled checks in one turn; the further back in the queue, the longer the wait.

        They take no slots: each is one request to an address, and is no verification. One with patience may take
        tokens that are still to come, as an on-demand run does.
        """
        limits = self._limits
        if not limits.rate or not wishes:
            return [Admission(True) for _ in wishes]
        with self._database.write() as session:
            now = self._clock()
            addresses = {address for wish in wishes for address in wish}
            found = EdgeBudgets(session).locked(addresses, burst=limits.burst, now=now)
            buckets = {bucket.address: bucket for bucket in found}
            for bucket in found:
                _refill(bucket, limits, now)
            refused: dict[str, int] = dict.fromkeys(addresses, 0)
            answers = []
            for wish, patience in zip(wishes, patience_seconds, strict=True):
                missing = max(count + refused[each] - buckets[each].tokens for each, count in wish.items())
                wait_seconds = max(0.0, missing / limits.rate)
                granted = wait_seconds <= patience
                for address, count in wish.items():
                    if granted:
                        buckets[address].tokens -= count
                    else:
                        refused[address] += count
                answers.append(Admission(granted, wait_seconds))
            return answers

    def knocks_before(self, addresses: Sequence[str]) -> list[int]:
        """How many of our requests a guard at each of these addresses may have counted in the last 24 hours."""
        with self._database.read() as session:
            return stood(session, addresses, self._clock())

    def settle(self, spendings: Sequence[Spending]) -> None:
        """End granted runs: their slots are free, what they did not send comes back, what they sent more is debited."""
        if spendings:
            with self._database.write() as session:
                self.settle_within(session, spendings)

    def lock(self, session: Session, spendings: Sequence[Spending]) -> None:
        """Keep every other writer off the buckets that settle_within() changes, before any other row is locked."""
        addresses = {address for spending in spendings for address in spending.granted}
        if addresses:
            EdgeBudgets(session).locked(addresses, burst=self._limits.burst, now=self._clock())

    def settle_within(self, session: Session, spendings: Sequence[Spending]) -> None:
        """The same inside a transaction of the caller, who has locked nothing yet, or these buckets."""
        if not spendings:
            return
        now = self._clock()
        budgets = EdgeBudgets(session)
        returned: Counter[str] = Counter()
        for spending in spendings:
            spent = spending.granted if spending.sent is None else spending.sent
            for address, count in spending.granted.items():
                returned[address] += count - spent.get(address, 0)
        for bucket in budgets.locked(returned.keys(), burst=self._limits.burst, now=now):
            _refill(bucket, self._limits, now)
            bucket.tokens = min(float(self._limits.burst), bucket.tokens + returned[bucket.address])
        budgets.free_slots([spending.claim_id for spending in spendings])


class _Turn:
    """The admission of many runs: the one place that says who may send now. Rows are locked by address."""

    def __init__(
        self,
        budgets: EdgeBudgets,
        limits: PaceLimits,
        lines: dict[str, datetime],
        ledger: LedgerTurn,
        now: datetime,
    ) -> None:
        self._budgets = budgets
        self._ledger = ledger
        self._limits = limits
        self._lines = lines
        self._now = now
        self._resting = 0
        self._taken: list[tuple[str, UUID, datetime]] = []

    def begin(self, addresses: Collection[str]) -> None:
        found = self._budgets.locked(addresses, burst=self._limits.burst, now=self._now)
        self._buckets = {bucket.address: bucket for bucket in found}
        for bucket in found:
            _refill(bucket, self._limits, self._now)
        self._in_flight = self._budgets.in_flight(addresses, self._now) if self._limits.concurrency else {}
        # Whoever was refused before in this turn comes before whoever is refused after him.
        self._refused: Counter[str] = Counter()
        self._refusals: Counter[str] = Counter()

    def admit(self, wish: Wish) -> Admission:
        hold = self._ledger.hold(wish.visit) if wish.visit is not None else None
        if hold is not None:
            return self._held(wish, hold)
        if self._limits.concurrency and not self._has_slot(wish):
            return self._refuse(wish, _SLOT_LOOK_SECONDS, _SLOT_LOOK_SECONDS / self._limits.concurrency)
        wait_seconds = self._wait_seconds(wish) if self._limits.rate else 0.0
        if wait_seconds > (wish.patience_seconds if wish.on_demand else 0.0):
            refusal = self._refuse(
                wish, wait_seconds, max(wish.requests.values(), default=0) / self._limits.rate
            )
            self._refused.update(wish.requests)
            return refusal
        for address, count in wish.requests.items():
            self._taken.append((address, wish.claim_id, wish.lease_until))
            if self._limits.rate:
                self._buckets[address].tokens -= count
            if self._limits.concurrency:
                self._in_flight[address].add(wish.claim_id)
        if wish.visit is not None:
            self._ledger.reserve(wish.visit)
        return Admission(True, wait_seconds)

    def _held(self, wish: Wish, hold: Hold) -> Admission:
        """Say when a run comes again that the ledger keeps back: of many at an address at rest each a moment later."""
        if hold.resting_until is None:
            return replace(self._refuse(wish, LOOK_SECONDS, LOOK_SECONDS), hold=hold)
        rests_seconds = (hold.resting_until - self._now).total_seconds()
        self._resting += 1
        return Admission(False, rests_seconds + self._resting * LOOK_SECONDS, hold)

    def end(self) -> None:
        self._budgets.take_slots(set(self._taken))

    def _refuse(self, wish: Wish, wait_seconds: float, cost_seconds: float) -> Admission:
        """Say when to come again: where many wait, each at a time of his own, so that they cost nothing until then.

        Nobody who is on demand is put behind those who are not; and whose time had come looks again soon, unless too
        many are of that mind.
        """
        refusals = max((self._refusals[address] for address in wish.requests), default=0)
        self._refusals.update(wish.requests.keys())
        if wish.on_demand or (wish.put_off and refusals < _LOOK_AGAIN_SOON):
            return Admission(False, wait_seconds)
        last = max((self._lines.get(address, self._now) for address in wish.requests), default=self._now)
        due_at = max(self._now + timedelta(seconds=wait_seconds), last + timedelta(seconds=cost_seconds))
        due_at = min(due_at, self._now + LONGEST_WAIT)
        self._lines |= dict.fromkeys(wish.requests, due_at)
        return Admission(False, (due_at - self._now).total_seconds())

    def _has_slot(self, wish: Wish) -> bool:
        # The last slot is for whoever waits for an answer, where there is more than one.
        slots = self._limits.concurrency if wish.on_demand else max(1, self._limits.concurrency - 1)
        return all(len(self._in_flight[address] - {wish.claim_id}) < slots for address in wish.requests)

    def _wait_seconds(self, wish: Wish) -> float:
        missing = max(
            count + self._refused[address] - self._buckets[address].tokens
            for address, count in wish.requests.items()
        )
        return max(0.0, missing / self._limits.rate)


def _refill(bucket: EdgeBudget, limits: PaceLimits, now: datetime) -> None:
    # Workers' clocks differ: one that is behind another adds nothing, and turns nothing back.
    passed = max(0.0, (now - bucket.refilled_at).total_seconds())
    bucket.tokens = min(float(limits.burst), bucket.tokens + passed * limits.rate)
    bucket.refilled_at = max(now, bucket.refilled_at)
