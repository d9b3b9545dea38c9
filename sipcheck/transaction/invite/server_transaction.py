"""What the peer asks within our call is answered at once, and again: the server transaction as a table.

RFC 3261 §17.2, of which a final response that is always at hand leaves little: no state before it.

    idle --request--> completed --Timer J (H)--> terminated
                         |  ^
                         |  +-- request again, Timer G: the response once more
                         +-----ACK--> confirmed --Timer I--> terminated

Timer G, Timer H and ACK are a re-INVITE's alone: its refusal is sent again until it is acknowledged (§17.2.1).
"""

from enum import StrEnum

from sipcheck.transaction.timers import RFC_3261, Timers


class State(StrEnum):
    IDLE = "idle"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


class Event(StrEnum):
    REQUEST = "request"
    ACK = "ack"
    TIMER_G = "timer-g"
    TIMER_H = "timer-h"
    TIMER_I = "timer-i"
    TIMER_J = "timer-j"


# Where a pair leads, and whether the response is sent (again).
TABLE: dict[tuple[State, Event], tuple[State, bool]] = {
    (State.IDLE, Event.REQUEST): (State.COMPLETED, True),
    (State.IDLE, Event.ACK): (State.IDLE, False),
    (State.IDLE, Event.TIMER_G): (State.IDLE, False),
    (State.IDLE, Event.TIMER_H): (State.IDLE, False),
    (State.IDLE, Event.TIMER_I): (State.IDLE, False),
    (State.IDLE, Event.TIMER_J): (State.IDLE, False),
    (State.COMPLETED, Event.REQUEST): (State.COMPLETED, True),
    (State.COMPLETED, Event.ACK): (State.CONFIRMED, False),
    (State.COMPLETED, Event.TIMER_G): (State.COMPLETED, True),
    (State.COMPLETED, Event.TIMER_H): (State.TERMINATED, False),
    (State.COMPLETED, Event.TIMER_I): (State.COMPLETED, False),
    (State.COMPLETED, Event.TIMER_J): (State.TERMINATED, False),
    (State.CONFIRMED, Event.REQUEST): (State.CONFIRMED, False),
    (State.CONFIRMED, Event.ACK): (State.CONFIRMED, False),
    (State.CONFIRMED, Event.TIMER_G): (State.CONFIRMED, False),
    (State.CONFIRMED, Event.TIMER_H): (State.CONFIRMED, False),
    (State.CONFIRMED, Event.TIMER_I): (State.TERMINATED, False),
    (State.CONFIRMED, Event.TIMER_J): (State.CONFIRMED, False),
    (State.TERMINATED, Event.REQUEST): (State.TERMINATED, False),
    (State.TERMINATED, Event.ACK): (State.TERMINATED, False),
    (State.TERMINATED, Event.TIMER_G): (State.TERMINATED, False),
    (State.TERMINATED, Event.TIMER_H): (State.TERMINATED, False),
    (State.TERMINATED, Event.TIMER_I): (State.TERMINATED, False),
    (State.TERMINATED, Event.TIMER_J): (State.TERMINATED, False),
}


class ServerTransaction:
    """One request of the peer's, whose final response is known; each event tells whether it is to be sent."""

    def __init__(self, *, invite: bool, reliable: bool, timers: Timers = RFC_3261) -> None:
        self.state = State.IDLE
        self._invite = invite
        self._reliable = reliable
        self._timers = timers
        self._interval_seconds = timers.t1_seconds
        self._due: dict[Event, float] = {}

    @property
    def next_at(self) -> float | None:
        """When the next timer fires, or None when none runs."""
        return min(self._due.values(), default=None)

    def on_request(self, now: float) -> bool:
        """Take in the request, or a copy of it."""
        first = self.state is State.IDLE
        sends = self._step(Event.REQUEST)
        if first:
            self._due = self._first_timers(now)
        return sends

    def on_ack(self, now: float) -> bool:
        """Take in the ACK of a refused re-INVITE; Timer I absorbs its copies."""
        if not self._invite:
            return False
        before = self.state
        sends = self._step(Event.ACK)
        if self.state is not before:
            self._due = {Event.TIMER_I: now + (0.0 if self._reliable else self._timers.t4_seconds)}
        return sends

    def on_time(self, now: float) -> bool:
        """Fire what is due; what ends it before what sends."""
        sends = False
        for timer in (Event.TIMER_H, Event.TIMER_I, Event.TIMER_J, Event.TIMER_G):
            due_at = self._due.get(timer)
            if due_at is None or due_at > now:
                continue
            del self._due[timer]
            fired = self._step(timer)
            if fired:
                self._interval_seconds = min(2 * self._interval_seconds, self._timers.t2_seconds)
                self._due[timer] = max(due_at + self._interval_seconds, now + self._timers.t1_seconds)
            sends = sends or fired
        return sends

    def _first_timers(self, now: float) -> dict[Event, float]:
        """A stream brings no copies: there Timer J is zero, and Timer G does not run (§17.2.1, §17.2.2)."""
        if not self._invite:
            return {Event.TIMER_J: now + (0.0 if self._reliable else self._timers.f_seconds)}
        due = {Event.TIMER_H: now + self._timers.f_seconds}
        if not self._reliable:
            due[Event.TIMER_G] = now + self._timers.t1_seconds
        return due

    def _step(self, event: Event) -> bool:
        self.state, sends = TABLE[self.state, event]
        if self.state is State.TERMINATED:
            self._due.clear()
        return sends
