"""One turn at the pace of addresses: who may send now (docs/design/queue.md, "Shares", "Slots")."""

import random
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from trunks.repositories.edge_budgets import EdgeBudgets
from trunks.rules.pace_shares import CHECKS
from trunks.rules.pace_slots import Slot, refused_slot
from trunks.runs.edge_paces import EdgePaces, PaceLimits
from trunks.runs.knock_ledger import LOOK_SECONDS, Hold, LedgerTurn
from trunks.runs.wishes import Admission, Wish

# How soon a run looks again whether a slot has become free.
_SLOT_LOOK_SECONDS = 0.25
# Of an environment's, in a turn, so many whose time had come may look again soon.
_LOOK_AGAIN_SOON = 4


class AdmissionTurn:
    """The admission of many runs and checks: the one place that says who may send now. Rows are locked by address."""

    def __init__(self, budgets: EdgeBudgets, limits: PaceLimits, ledger: LedgerTurn, now: datetime) -> None:
        self._budgets = budgets
        self._ledger = ledger
        self._limits = limits
        self._now = now
        self._paces = EdgePaces(budgets, limits, now)
        self._resting = 0
        self._taken: list[tuple[str, UUID, datetime, Slot]] = []
        # Whoever was refused before in this turn comes before whoever of his environment is refused after him.
        self._behind: Counter[tuple[str, UUID]] = Counter()
        self._refusals: Counter[tuple[str, UUID]] = Counter()
        self._costs: dict[tuple[str, UUID], int] = {}
        self._turn_seconds: dict[str, float] = {}
        self._followed: set[str] = set()

    def begin(self, addresses: Collection[str]) -> None:
        self._paces.load(addresses, slots=True)

    def admit(self, wish: Wish) -> Admission:
        for address in wish.requests:
            self._turn_seconds[address] = max(wish.turn_seconds, self._turn_seconds.get(address, 0.0))
        hold = self._ledger.hold(wish.visit) if wish.visit is not None else None
        if hold is not None:
            return self._held(wish, hold)
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
        if wait_seconds > (wish.patience_seconds if wish.on_demand else 0.0):
            for address, count in wish.requests.items():
                self._behind[address, wanter] += count
                # Who has no tokens keeps no slot from others.
                self._paces.at(address).want(wanter, self._now, count).slot_wanted_at = None
            return self._refuse(wish, {address: wait for address, wait in waits.items() if wait})
        if wish.is_followed:
            self._followed.update(wish.requests)
        for address, count in wish.requests.items():
            self._take(address, count, wish)
        if wish.visit is not None:
            self._ledger.reserve(wish.visit)
        return Admission(True, wait_seconds)

    def _held(self, wish: Wish, hold: Hold) -> Admission:
        """Say when a run comes again that the ledger keeps back: of many at an address at rest each a moment later."""
        if hold.resting_until is None:
            wait_seconds = max(LOOK_SECONDS, wish.behind_seconds)
            return replace(self._refuse(wish, dict.fromkeys(wish.requests, wait_seconds)), hold=hold)
        rests_seconds = (hold.resting_until - self._now).total_seconds()
        self._resting += 1
        return Admission(False, rests_seconds + self._resting * LOOK_SECONDS, hold=hold)

    def end(self) -> None:
        """Write what was taken; where tokens lie idle, bring forward who had been put off for longer than is needed."""
        for (address, wanter), cost in self._costs.items():
            pace = self._paces.at(address)
            turn_seconds = self._turn_of(address, wanter)
            if wanter == CHECKS or (turn_seconds and address in self._followed):
                # Who stands in line already goes before those who are in their rows.
                continue
            if self._refusals[address, wanter]:
                # These are not in their rows yet.
                continue
            early = pace.early(wanter, cost, self._now, turn_seconds)
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
        many of his environment are of that mind. Who stands in his process's line has his place.
        """
        wanter = wish.environment_id
        wait_seconds = max(waits.values())
        short_at = max(waits, key=lambda address: waits[address])
        refusals = max(self._refusals[address, wanter] for address in waits)
        self._refusals.update((address, wanter) for address in waits)
        soon = wish.on_demand or wish.in_line or (wish.put_off and refusals < _LOOK_AGAIN_SOON)
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
            else _SLOT_LOOK_SECONDS / max(1, self._limits.concurrency)
        )
        line_seconds = max(line_seconds, self._turn_of(address, wish.environment_id))
        due_at = pace.put_off(
            wish.environment_id,
            self._now,
            wait_seconds=wait_seconds,
            line_seconds=line_seconds,
            draw=random.random(),  # noqa: S311 - spreads work
        )
        return (due_at - self._now).total_seconds()

    def _turn_of(self, address: str, wanter: UUID) -> float:
        """What lies between two of an environment's where the ledger bears no more at once; nought elsewhere."""
        at_once = self._ledger.at_once(address)
        if not at_once:
            return 0.0
        return self._turn_seconds.get(address, 0.0) / at_once / self._paces.at(address).part(wanter)

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
