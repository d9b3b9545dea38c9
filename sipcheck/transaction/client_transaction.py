"""The non-INVITE client transaction as a table (RFC 3261 §17.1.2, Figure 6). Time is an argument.

The machine has no socket, no clock and no loop. Its driver (driver.py) tells it what has happened and when, does what
the returned actions say, in their order, and comes back at `next_at` with `on_time`:

    idle --start--> trying --1xx--> proceeding --final--> completed --Timer K--> terminated
                      |                 |                                            ^
                      +------final------|----> completed                             |
                      +-----------------+---- Timer F, transport error --------------+

* trying: the request has been sent. On an unreliable transport Timer E sends it again, T1 after the first time and
  then at gaps that double up to T2.
* proceeding: a provisional response has come. Timer E goes on at gaps of T2, and Timer F still ends the wait: a 100
  is no promise that a final response will follow.
* completed: the final response has been delivered, once. Timer K keeps the transaction for T4, so that further copies
  of the response find it and are absorbed; on a reliable transport it is over at once.
* terminated: nothing changes any more, and no timer runs.

Only the first final response counts. What comes late, twice or too early (a copy of a response, a 1xx behind the final
response, a timer that an answer has beaten, an error of a transport that has done its duty) has its own row in the
table, which stays where it is and does nothing. Whether a message belongs to this transaction at all is decided before,
by its branch (transport) and by what it repeats of the request (matching.py).

Timer F is 64 × T1 as the RFC has it; the driver's own deadline is usually earlier, and is no event of this machine.
"""

from enum import StrEnum

from sipcheck.transaction.timed_machine import Rules, TimedMachine
from sipcheck.transaction.timers import RFC_3261, Timers


class State(StrEnum):
    IDLE = "idle"
    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    TERMINATED = "terminated"


class Event(StrEnum):
    START = "start"
    PROVISIONAL = "provisional"
    FINAL = "final"
    TIMER_E = "timer-e"
    TIMER_F = "timer-f"
    TIMER_K = "timer-k"
    TRANSPORT_ERROR = "transport-error"


class Action(StrEnum):
    SEND = "send"
    DELIVER_PROVISIONAL = "deliver-provisional"
    DELIVER_FINAL = "deliver-final"
    TIMED_OUT = "timed-out"
    FAILED = "failed"
    TERMINATED = "terminated"


_NOTHING: tuple[Action, ...] = ()
_GIVE_UP = (Action.TIMED_OUT, Action.TERMINATED)
_BREAK_OFF = (Action.FAILED, Action.TERMINATED)

# Every pair is listed; a row that stays where it is and does nothing absorbs an event that comes too late
# (a retransmitted answer, a timer beaten by an answer) or too early.
TABLE: dict[tuple[State, Event], tuple[State, tuple[Action, ...]]] = {
    (State.IDLE, Event.START): (State.TRYING, (Action.SEND,)),
    (State.IDLE, Event.PROVISIONAL): (State.IDLE, _NOTHING),
    (State.IDLE, Event.FINAL): (State.IDLE, _NOTHING),
    (State.IDLE, Event.TIMER_E): (State.IDLE, _NOTHING),
    (State.IDLE, Event.TIMER_F): (State.IDLE, _NOTHING),
    (State.IDLE, Event.TIMER_K): (State.IDLE, _NOTHING),
    (State.IDLE, Event.TRANSPORT_ERROR): (State.TERMINATED, _BREAK_OFF),
    (State.TRYING, Event.START): (State.TRYING, _NOTHING),
    (State.TRYING, Event.PROVISIONAL): (State.PROCEEDING, (Action.DELIVER_PROVISIONAL,)),
    (State.TRYING, Event.FINAL): (State.COMPLETED, (Action.DELIVER_FINAL,)),
    (State.TRYING, Event.TIMER_E): (State.TRYING, (Action.SEND,)),
    (State.TRYING, Event.TIMER_F): (State.TERMINATED, _GIVE_UP),
    (State.TRYING, Event.TIMER_K): (State.TRYING, _NOTHING),
    (State.TRYING, Event.TRANSPORT_ERROR): (State.TERMINATED, _BREAK_OFF),
    (State.PROCEEDING, Event.START): (State.PROCEEDING, _NOTHING),
    (State.PROCEEDING, Event.PROVISIONAL): (State.PROCEEDING, (Action.DELIVER_PROVISIONAL,)),
    (State.PROCEEDING, Event.FINAL): (State.COMPLETED, (Action.DELIVER_FINAL,)),
    (State.PROCEEDING, Event.TIMER_E): (State.PROCEEDING, (Action.SEND,)),
    (State.PROCEEDING, Event.TIMER_F): (State.TERMINATED, _GIVE_UP),
    (State.PROCEEDING, Event.TIMER_K): (State.PROCEEDING, _NOTHING),
    (State.PROCEEDING, Event.TRANSPORT_ERROR): (State.TERMINATED, _BREAK_OFF),
    (State.COMPLETED, Event.START): (State.COMPLETED, _NOTHING),
    (State.COMPLETED, Event.PROVISIONAL): (State.COMPLETED, _NOTHING),
    (State.COMPLETED, Event.FINAL): (State.COMPLETED, _NOTHING),
    (State.COMPLETED, Event.TIMER_E): (State.COMPLETED, _NOTHING),
    (State.COMPLETED, Event.TIMER_F): (State.COMPLETED, _NOTHING),
    (State.COMPLETED, Event.TIMER_K): (State.TERMINATED, (Action.TERMINATED,)),
    (State.COMPLETED, Event.TRANSPORT_ERROR): (State.COMPLETED, _NOTHING),
    (State.TERMINATED, Event.START): (State.TERMINATED, _NOTHING),
    (State.TERMINATED, Event.PROVISIONAL): (State.TERMINATED, _NOTHING),
    (State.TERMINATED, Event.FINAL): (State.TERMINATED, _NOTHING),
    (State.TERMINATED, Event.TIMER_E): (State.TERMINATED, _NOTHING),
    (State.TERMINATED, Event.TIMER_F): (State.TERMINATED, _NOTHING),
    (State.TERMINATED, Event.TIMER_K): (State.TERMINATED, _NOTHING),
    (State.TERMINATED, Event.TRANSPORT_ERROR): (State.TERMINATED, _NOTHING),
}


_RULES = Rules(TABLE, State.TERMINATED, (Event.TIMER_F, Event.TIMER_K, Event.TIMER_E), Action.SEND)


class ClientTransaction(TimedMachine[State, Event, Action]):
    """One request: what to do at each event, and when to look again. Moments are seconds on the caller's clock."""

    def __init__(self, *, reliable: bool, timers: Timers = RFC_3261) -> None:
        super().__init__(_RULES, State.IDLE, reliable=reliable, timers=timers)
        self.retransmissions = 0

    def start(self, now: float) -> tuple[Action, ...]:
        """Send the request for the first time, and start Timer F, and Timer E on an unreliable transport."""
        actions = self._step(Event.START)
        if Action.SEND in actions:
            self._due[Event.TIMER_F] = now + self._timers.f_seconds
            if not self._reliable:
                self._due[Event.TIMER_E] = now + self._timers.t1_seconds
        return actions

    def on_response(self, status: int, now: float) -> tuple[Action, ...]:
        """Take in a matching response of any class."""
        actions = self._step(Event.PROVISIONAL if status < 200 else Event.FINAL)
        if Action.DELIVER_FINAL in actions:
            # Timer K takes in retransmitted answers; on a reliable transport it is zero.
            self._due = {Event.TIMER_K: now + (0.0 if self._reliable else self._timers.t4_seconds)}
        return actions

    def on_transport_error(self, now: float) -> tuple[Action, ...]:
        """Take in that the transport can bring nothing more."""
        return self._step(Event.TRANSPORT_ERROR)

    def _again_at(self, due_at: float, now: float) -> float:
        self.retransmissions += 1
        # On schedule, and after a late clock not at once again: what was missed is not made up for.
        return max(due_at + self._next_interval(), now + self._timers.t1_seconds)

    def _next_interval(self) -> float:
        """Double up to T2; T2 at once after a provisional response (§17.1.2.2)."""
        if self.state is State.PROCEEDING:
            self._interval_seconds = self._timers.t2_seconds
        else:
            self._interval_seconds = min(2 * self._interval_seconds, self._timers.t2_seconds)
        return self._interval_seconds
