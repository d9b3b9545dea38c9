"""An address's tokens, and whose they are while several want them (docs/design/queue.md, "Shares").

Uncontended, an address is one bucket. Whoever is refused there *wants* it from then on: what the bucket is refilled
with is then split, a quarter for scheduled checks while some are refused, the rest in equal parts for the environments.
Nobody holds more than his part of a full bucket, or than what he was refused; what he leaves flows to the others, and
what nobody holds is for whoever comes. `tokens` are all there are, so that shares never grant more than the bucket has.
"""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

# Stands among the environments for whatever is checked by schedule, which is nobody's.
CHECKS = UUID(int=0)
CHECKS_PART = 0.25

# Whoever was to come again and did not by then wants the address no longer.
WANTS_ON = timedelta(seconds=5)
# Whoever has to wait longer looks again then; what is due later than this was put off by a clock that was ahead.
LONGEST_WAIT = timedelta(minutes=15)
# So far ahead a line is brought forward that had been put off for longer than is needed.
_BROUGHT_FORWARD = timedelta(seconds=5)
# Clocks count microseconds, and what has been added up of parts is whole when so much is missing.
_ALMOST = 1e-4


@dataclass(slots=True)
class Share:
    """What is one's own of an address's tokens; below zero after a wish larger than a share.

    `wants` is the most that was refused since something was granted, `line_until` when the last of those comes again
    that were put off. `slot_wanted_at` is when a slot was first
    refused since one was given; `slot_on_demand` says that somebody waits for it.
    """

    wanted_until: datetime
    line_until: datetime
    tokens: float = 0.0
    wants: float = 0.0
    slot_wanted_at: datetime | None = None
    slot_on_demand: bool = False


@dataclass(slots=True)
class AddressPace:
    """One address as of `refilled_at`; `rate` in tokens a second, `burst` what a full bucket has."""

    rate: float
    burst: float
    tokens: float
    refilled_at: datetime
    shares: dict[UUID, Share] = field(default_factory=dict)

    def refill(self, now: datetime) -> None:
        """Add what came since, to those whose it is. Clocks differ: one that is behind adds and turns back nothing."""
        passed_seconds = max(0.0, (now - self.refilled_at).total_seconds())
        self.refilled_at = max(now, self.refilled_at)
        self._forget()
        came = min(passed_seconds * self.rate, self.burst - self.tokens)
        unowned = self.unowned
        self.tokens += came
        if came > 0:
            # What had been taken in advance before there were shares is paid back first.
            self._split(came + min(0.0, unowned))

    @property
    def unowned(self) -> float:
        """What is nobody's own; below zero while what somebody owed who is gone is paid back."""
        return self.tokens - sum(share.tokens for share in self.shares.values())

    def part(self, wanter: UUID) -> float:
        """Which part of the tokens is this one's while these want them."""
        checked = CHECKS in self.shares
        environments = len(self.shares) - checked
        if wanter == CHECKS:
            return CHECKS_PART if environments else 1.0
        environments += wanter not in self.shares
        return (1.0 - CHECKS_PART if checked else 1.0) / environments

    def _most(self, wanter: UUID) -> float:
        """How much of the tokens one may hold. Who waits for more than his part saves for it: else whoever is there
        each time that there are tokens enough could take them all.
        """
        return max(self.part(wanter) * self.burst, self.shares[wanter].wants)

    def wait_seconds(self, wanter: UUID, cost: float, *, behind: float = 0.0) -> float:
        """How long until this one may take so many, after `behind` more of his own; nought when he may now.

        Who wants more than his full share may when it is full, and owes the rest.
        """
        part = self.part(wanter)
        own = self.shares[wanter].tokens if wanter in self.shares else 0.0
        unowned = max(0.0, self.unowned)
        missing = min(cost, part * self.burst) + behind - own - unowned
        missing_at_all = min(cost, self.burst) - self.tokens
        if cost > own + unowned + _ALMOST:
            # Who would owe comes after those who have saved all that they want, and wait until it is there.
            others = [share for each, share in self.shares.items() if each != wanter and share.wants]
            missing_at_all += sum(
                min(share.wants, self.burst) for share in others if share.tokens + _ALMOST >= share.wants
            )
        if max(missing, missing_at_all) <= _ALMOST:
            return 0.0
        return max(missing / (part * self.rate), missing_at_all / self.rate)

    def take(self, wanter: UUID, cost: float) -> None:
        """Take tokens, his own first, then what is nobody's; what is missing he owes, also tokens that are to come."""
        share = self.shares.get(wanter)
        unowned = max(0.0, self.unowned)
        self.tokens -= cost
        if share is not None:
            own = min(cost, max(0.0, share.tokens))
            share.tokens -= own + max(0.0, cost - own - unowned)
            share.wants = 0.0

    def give_back(self, wanter: UUID, count: float) -> None:
        """Give tokens back that were not needed; debit them, below zero."""
        count = min(count, self.burst - self.tokens)
        self.tokens += count
        share = self.shares.get(wanter)
        if share is not None:
            share.tokens = min(share.tokens + count, self._most(wanter))

    def want(self, wanter: UUID, now: datetime, cost: float = 0.0) -> Share:
        """Have a share from now on, and save for so much."""
        share = self.shares.setdefault(wanter, Share(wanted_until=now + WANTS_ON, line_until=now))
        share.wants = max(share.wants, float(cost))
        return share

    def put_off(
        self, wanter: UUID, now: datetime, *, wait_seconds: float, line_seconds: float, draw: float
    ) -> datetime:
        """Say when one comes again who was refused: in his environment's line, `line_seconds` behind the last one.

        Who would wait longer than is waited at all looks again before, at a moment that is drawn from 0 to 1, so that
        not all of them come at once.
        """
        share = self.want(wanter, now)
        line_until = max(share.line_until, now) + timedelta(seconds=line_seconds)
        due_at = max(line_until, now + timedelta(seconds=wait_seconds))
        share.line_until = min(due_at, now + LONGEST_WAIT)
        if due_at > share.line_until:
            due_at = now + LONGEST_WAIT * (1 - draw / 2)
        self.comes_again(wanter, due_at)
        return due_at

    def comes_again(self, wanter: UUID, at: datetime) -> None:
        """Want the address until then, and a little longer."""
        share = self.shares[wanter]
        share.wanted_until = max(share.wanted_until, at + WANTS_ON)

    def line_seconds(self, wanter: UUID, cost: float) -> float:
        """What lies between two of a line."""
        return cost / (self.part(wanter) * self.rate) if self.rate else 0.0

    def early(self, wanter: UUID, cost: float, now: datetime, turn_seconds: float = 0.0) -> list[datetime]:
        """When the first of a line could come, who were put off for longer than is needed by now: others have gone.

        Empty unless tokens for one of them lie idle. Where each of them takes `turn_seconds`, one after the other, idle
        tokens are for the next one alone, and without any he comes when there are: nobody else may be about to ask.
        """
        share = self.shares.get(wanter)
        if share is None or share.line_until <= now or not self.rate:
            return []
        idle = min(share.tokens + max(0.0, self.unowned), self.tokens)
        if idle < cost and not turn_seconds:
            return []
        line_seconds = self.line_seconds(wanter, cost)
        seconds = max(line_seconds, turn_seconds)
        at_once = max(0.0, idle / cost)
        if turn_seconds > line_seconds:
            at_once = min(1.0, at_once)
        count = math.ceil(at_once + _BROUGHT_FORWARD.total_seconds() / seconds)
        return [now + timedelta(seconds=max(0.0, (n - at_once) * seconds)) for n in range(1, count + 1)]

    def _forget(self) -> None:
        """Those go who want nothing any more and owe nothing; what they have is everybody's."""
        gone = [
            each
            for each, share in self.shares.items()
            if share.wanted_until <= self.refilled_at and share.tokens > -_ALMOST
        ]
        for each in gone:
            del self.shares[each]
        for each, share in self.shares.items():
            share.tokens = min(share.tokens, self._most(each))

    def _split(self, came: float) -> None:
        """Share tokens out by parts; what somebody has no room for goes to the others, and else stays nobody's."""
        room = {each: self._most(each) - share.tokens for each, share in self.shares.items()}
        room = {each: left for each, left in room.items() if left > _ALMOST}
        while came > _ALMOST and room:
            parts = {each: self.part(each) for each in room}
            whole = sum(parts.values())
            # As far as the first of them is full.
            step = min(came, min(room[each] * whole / parts[each] for each in room))
            for each, part in parts.items():
                self.shares[each].tokens += step * part / whole
                room[each] -= step * part / whole
            came -= step
            room = {each: left for each, left in room.items() if left > _ALMOST}
