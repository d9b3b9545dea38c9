"""The INVITE server transaction as a table (RFC 3261 §17.2.1, RFC 6026 §7.1). Time is an argument.

    proceeding --3xx-6xx--> completed --ACK--> confirmed --Timer I--> terminated
               --2xx------> accepted  --ACK--> confirmed

* proceeding: a provisional answer has been sent, and an INVITE that comes again gets it again.
* completed: a refusal has been sent; Timer G sends it again on an unreliable transport, until an ACK or Timer H.
* accepted: a 2xx has been sent, and is sent again by the same gaps on any transport (§13.3.1.4), until an ACK; Timer H
  says that none came, and the call is to be ended.
* confirmed: the ACK has come; copies of it are absorbed.
"""

from enum import StrEnum

from sipcheck.transaction.timed_machine import Rules, TimedMachine
from sipcheck.transaction.timers import RFC_3261, Timers


class State(StrEnum):
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


class Event(StrEnum):
    INVITE = "invite"
    ACK = "ack"
    REFUSE = "refuse"
    ACCEPT = "accept"
    TIMER_G = "timer-g"
    TIMER_H = "timer-h"
    TIMER_I = "timer-i"


class Action(StrEnum):
    SEND_AGAIN = "send-again"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"


_NOTHING: tuple[Action, ...] = ()
_AGAIN = (Action.SEND_AGAIN,)

TABLE: dict[tuple[State, Event], tuple[State, tuple[Action, ...]]] = {
    (State.PROCEEDING, Event.INVITE): (State.PROCEEDING, _AGAIN),
    (State.PROCEEDING, Event.ACK): (State.PROCEEDING, _NOTHING),
    (State.PROCEEDING, Event.REFUSE): (State.COMPLETED, _NOTHING),
    (State.PROCEEDING, Event.ACCEPT): (State.ACCEPTED, _NOTHING),
    (State.PROCEEDING, Event.TIMER_G): (State.PROCEEDING, _NOTHING),
    (State.PROCEEDING, Event.TIMER_H): (State.PROCEEDING, _NOTHING),
    (State.PROCEEDING, Event.TIMER_I): (State.PROCEEDING, _NOTHING),
    (State.COMPLETED, Event.INVITE): (State.COMPLETED, _AGAIN),
    (State.COMPLETED, Event.ACK): (State.CONFIRMED, (Action.ACKNOWLEDGED,)),
    (State.COMPLETED, Event.REFUSE): (State.COMPLETED, _NOTHING),
    (State.COMPLETED, Event.ACCEPT): (State.COMPLETED, _NOTHING),
    (State.COMPLETED, Event.TIMER_G): (State.COMPLETED, _AGAIN),
    (State.COMPLETED, Event.TIMER_H): (State.TERMINATED, (Action.UNACKNOWLEDGED,)),
    (State.COMPLETED, Event.TIMER_I): (State.COMPLETED, _NOTHING),
    (State.ACCEPTED, Event.INVITE): (State.ACCEPTED, _NOTHING),
    (State.ACCEPTED, Event.ACK): (State.CONFIRMED, (Action.ACKNOWLEDGED,)),
    (State.ACCEPTED, Event.REFUSE): (State.ACCEPTED, _NOTHING),
    (State.ACCEPTED, Event.ACCEPT): (State.ACCEPTED, _NOTHING),
    (State.ACCEPTED, Event.TIMER_G): (State.ACCEPTED, _AGAIN),
    (State.ACCEPTED, Event.TIMER_H): (State.TERMINATED, (Action.UNACKNOWLEDGED,)),
    (State.ACCEPTED, Event.TIMER_I): (State.ACCEPTED, _NOTHING),
    (State.CONFIRMED, Event.INVITE): (State.CONFIRMED, _NOTHING),
    (State.CONFIRMED, Event.ACK): (State.CONFIRMED, _NOTHING),
    (State.CONFIRMED, Event.REFUSE): (State.CONFIRMED, _NOTHING),
    (State.CONFIRMED, Event.ACCEPT): (State.CONFIRMED, _NOTHING),
    (State.CONFIRMED, Event.TIMER_G): (State.CONFIRMED, _NOTHING),
    (State.CONFIRMED, Event.TIMER_H): (State.CONFIRMED, _NOTHING),
    (State.CONFIRMED, Event.TIMER_I): (State.TERMINATED, _NOTHING),
    (State.TERMINATED, Event.INVITE): (State.TERMINATED, _NOTHING),
    (State.TERMINATED, Event.ACK): (State.TERMINATED, _NOTHING),
    (State.TERMINATED, Event.REFUSE): (State.TERMINATED, _NOTHING),
    (State.TERMINATED, Event.ACCEPT): (State.TERMINATED, _NOTHING),
    (State.TERMINATED, Event.TIMER_G): (State.TERMINATED, _NOTHING),
    (State.TERMINATED, Event.TIMER_H): (State.TERMINATED, _NOTHING),
    (State.TERMINATED, Event.TIMER_I): (State.TERMINATED, _NOTHING),
}


_RULES = Rules(TABLE, State.TERMINATED, (Event.TIMER_H, Event.TIMER_I, Event.TIMER_G), Action.SEND_AGAIN)


class InviteServerTransaction(TimedMachine[State, Event, Action]):
    """One INVITE that is being answered; moments are seconds on the caller's clock."""

    def __init__(self, *, reliable: bool, timers: Timers = RFC_3261) -> None:
        super().__init__(_RULES, State.PROCEEDING, reliable=reliable, timers=timers)

    def on_invite(self) -> tuple[Action, ...]:
        """Take in the INVITE once more."""
        return self._step(Event.INVITE)

    def answer(self, status: int, now: float) -> None:
        """Take in that a final answer is sent."""
        before = self.state
        self._step(Event.ACCEPT if status < 300 else Event.REFUSE)
        if before is not State.PROCEEDING:
            return
        self._due[Event.TIMER_H] = now + 64 * self._timers.t1_seconds
        if self.state is State.ACCEPTED or not self._reliable:
            self._due[Event.TIMER_G] = now + self._timers.t1_seconds

    def on_ack(self, now: float) -> tuple[Action, ...]:
        """Take in an ACK."""
        actions = self._step(Event.ACK)
        if Action.ACKNOWLEDGED in actions:
            self._due = {Event.TIMER_I: now + (0.0 if self._reliable else self._timers.t4_seconds)}
        return actions

    def _again_at(self, due_at: float, now: float) -> float:
        self._interval_seconds = min(2 * self._interval_seconds, self._timers.t2_seconds)
        return now + self._interval_seconds
