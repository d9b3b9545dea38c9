"""Pace by edge address, over all workers and tenants (docs/design/queue.md, "Shares")."""

import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.clock import Clock, utc_now
from trunks.repositories.edge_budgets import EdgeBudgets
from trunks.rules.pace_shares import CHECKS
from trunks.rules.pace_slots import Slot, refused_slot
from trunks.runs.edge_paces import EdgePaces, PaceLimits
from trunks.store.database import LOCK_WAIT_MS, Database

# How soon a run looks again whether a slot has become free.
_SLOT_LOOK_SECONDS = 0.25
# Of an environment's, in a turn, so many whose time had come may look again soon.
_LOOK_AGAIN_SOON = 4


@dataclass(frozen=True, slots=True)
class Admission:
    """Granted: send after `wait_seconds`. Not granted: nothing was taken; ask again after them, because of the pace of
    `short_at`.
    """

    granted: bool
    wait_seconds: float = 0.0
    short_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a run would send to each address, waiting for tokens no longer than `patience_seconds`.

    `environment_id` says whose it is; a scheduled check is nobody's. `put_off` says that it was refused before, and
    that its time has come.
    """

    claim_id: UUID
    requests: Mapping[str, int]
    lease_until: datetime
    on_demand: bool
    patience_seconds: float
    environment_id: UUID = CHECKS
    put_off: bool = False


@dataclass(frozen=True, slots=True)
class Spending:
    """What a run was granted, and what of it it `sent`; None where nobody knows, which counts as what was granted."""

    claim_id: UUID
    granted: Mapping[str, int]
    sent: Mapping[str, int] | None
    environment_id: UUID = CHECKS

    def returned(self) -> dict[str, int]:
        """What it did not send; below zero what it sent more."""
        if self.sent is None:
            return {}
        counts = {address: count - self.sent.get(address, 0) for address, count in self.granted.items()}
        return {address: count for address, count in counts.items() if count}


class AddressLimits:
    """A token bucket and slots for each address. A granted run takes its tokens at once, also those still to come, for
    which it waits: whoever asks later waits longer.

    Only on-demand runs may take tokens that are still to come, so that scheduled ones find none before them.
    """

    def __init__(self, database: Database, limits: PaceLimits, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._limits = limits
        self._clock = clock

    @property
    def off(self) -> bool:
        return self._limits.off

    def admit(self, wishes: Sequence[Wish], *, lock_wait_ms: int | None = LOCK_WAIT_MS) -> list[Admission]:
        """Ask for many in one turn, each behind those of its environment before it; on demand before the others."""
        if not wishes or self.off:
            return [Admission(True) for _ in wishes]
        order = sorted(range(len(wishes)), key=lambda number: not wishes[number].on_demand)
        with self._database.write(lock_wait_ms=lock_wait_ms) as session:
            turn = _Turn(EdgeBudgets(session), self._limits, self._clock())
            turn.begin({address for wish in wishes for address in wish.requests})
            answers = {number: turn.admit(wishes[number]) for number in order}
            turn.end()
        return [answers[number] for number in range(len(wishes))]

    def settle(self, spendings: Sequence[Spending]) -> None:
        """End granted runs: their slots are free, what they did not send comes back, what they sent more is debited."""
        if spendings and not self.off:
            with self._database.write() as session:
                self.settle_within(session, spendings)

    def free(self, slots: Sequence[tuple[str, UUID]]) -> list[None]:
        """Free slots before their runs end, each given by its address and claim."""
        with self._database.write(lock_wait_ms=LOCK_WAIT_MS) as session:
            EdgeBudgets(session).free_slots_at(slots)
        return [None for _ in slots]

    def lock(self, session: Session, spendings: Sequence[Spending]) -> None:
        """Keep every other writer off the buckets that settle_within() changes, before any other row is locked."""
        addresses = {address for spending in spendings for address in spending.returned()}
        if addresses:
            EdgeBudgets(session).locked(addresses, burst=self._limits.burst, now=self._clock())

    def settle_within(self, session: Session, spendings: Sequence[Spending]) -> None:
        """The same inside a transaction of the caller, who has locked nothing yet, or these buckets."""
        if not spendings:
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


class _Turn:
    """The admission of many runs and checks: the one place that says who may send now. Rows are locked by address."""

    def __init__(self, budgets: EdgeBudgets, limits: PaceLimits, now: datetime) -> None:
        self._budgets = budgets
        self._limits = limits
        self._now = now
        self._paces = EdgePaces(budgets, limits, now)
        self._taken: list[tuple[str, UUID, datetime, Slot]] = []
        # Whoever was refused before in this turn comes before whoever of his environment is refused after him.
        self._behind: Counter[tuple[str, UUID]] = Counter()
        self._refusals: Counter[tuple[str, UUID]] = Counter()
        self._costs: dict[tuple[str, UUID], int] = {}

    def begin(self, addresses: Collection[str]) -> None:
        self._paces.load(addresses, slots=True)

    def admit(self, wish: Wish) -> Admission:
        wanter = wish.environment_id
        for address, count in wish.requests.items():
            self._costs[address, wanter] = max(count, self._costs.get((address, wanter), 0))
        full = [address for address in wish.requests if not self._has_slot(address, wish)]
        if full:
            for address in full:
                share = self._paces.at(address).want(wanter, self._now)
                refused_slot(share, self._now, on_demand=wish.on_demand)
            return self._refuse(wish, dict.fromkeys(full, _SLOT_LOOK_SECONDS))
        waits = {address: self._wait_seconds(address, wish) for address in wish.requests}
        wait_seconds = max(waits.values(), default=0.0)
        if wait_seconds > wish.patience_seconds:
            for address, count in wish.requests.items():
                self._behind[address, wanter] += count
                # Who has no tokens keeps no slot from others.
                self._paces.at(address).want(wanter, self._now, count).slot_wanted_at = None
            return self._refuse(wish, {address: wait for address, wait in waits.items() if wait})
        for address, count in wish.requests.items():
            self._take(address, count, wish)
        return Admission(True, wait_seconds)

    def end(self) -> None:
        """Write what was taken; where tokens lie idle, bring forward who had been put off for longer than is needed."""
        for (address, wanter), cost in self._costs.items():
            pace = self._paces.at(address)
            early = pace.early(wanter, cost, self._now) if wanter != CHECKS else ()
            if early:
                waiting, last_at = self._budgets.bring_forward(address, wanter, early)
                if waiting < len(early):
                    pace.shares[wanter].line_until = last_at or self._now
        self._paces.keep()
        self._budgets.take_slots(self._taken)

    def _take(self, address: str, count: int, wish: Wish) -> None:
        pace = self._paces.at(address)
        if self._limits.rate:
            pace.take(wish.environment_id, count)
        if self._limits.concurrency:
            slot = Slot(wish.environment_id, wish.on_demand)
            self._paces.slots(address).take(wish.claim_id, slot, pace.shares)
            self._taken.append((address, wish.claim_id, wish.lease_until, slot))

    def _refuse(self, wish: Wish, waits: Mapping[str, float]) -> Admission:
        """Say when to come again: where many wait, each at a time of his own, so that they cost nothing until then.

        Nobody who is on demand is put behind those who are not; and whose time had come looks again soon, unless too
        many of his environment are of that mind.
        """
        wanter = wish.environment_id
        wait_seconds = max(waits.values())
        short_at = max(waits, key=lambda address: waits[address])
        refusals = max(self._refusals[address, wanter] for address in waits)
        self._refusals.update((address, wanter) for address in waits)
        soon = wish.on_demand or (wish.put_off and refusals < _LOOK_AGAIN_SOON)
        if not soon and wanter != CHECKS:
            wait_seconds = max(self._in_line(address, wish, waits[address]) for address in waits)
            return Admission(False, wait_seconds, short_at)
        for address in waits:
            pace = self._paces.at(address)
            pace.want(wanter, self._now)
            pace.comes_again(wanter, self._now + timedelta(seconds=wait_seconds))
        return Admission(False, wait_seconds, short_at)

    def _in_line(self, address: str, wish: Wish, wait_seconds: float) -> float:
        pace = self._paces.at(address)
        pace.want(wish.environment_id, self._now)
        line_seconds = (
            pace.line_seconds(wish.environment_id, wish.requests[address])
            if self._limits.rate
            else _SLOT_LOOK_SECONDS / self._limits.concurrency
        )
        due_at = pace.put_off(
            wish.environment_id,
            self._now,
            wait_seconds=wait_seconds,
            line_seconds=line_seconds,
            draw=random.random(),  # noqa: S311 - spreads work
        )
        return (due_at - self._now).total_seconds()

    def _has_slot(self, address: str, wish: Wish) -> bool:
        if not self._limits.concurrency:
            return True
        slots, shares = self._paces.slots(address), self._paces.at(address).shares
        slot = Slot(wish.environment_id, wish.on_demand)
        return slots.has_room(wish.claim_id, slot, shares, self._now)

    def _wait_seconds(self, address: str, wish: Wish) -> float:
        if not self._limits.rate:
            return 0.0
        pace, wanter = self._paces.at(address), wish.environment_id
        cost = wish.requests[address]
        if pace.shares and wanter not in pace.shares and pace.unowned < cost:
            # Others want it too: what is not there for everybody he may take of his own share alone.
            pace.want(wanter, self._now)
        return pace.wait_seconds(wanter, cost, behind=self._behind[address, wanter])
