"""The INVITE client transaction as a table (RFC 3261 §17.1.1, Figure 5, as RFC 6026 §8.4 changes it).

Time is an argument. As the non-INVITE one (../client_transaction.py) it has no socket, no clock and no loop:

    idle --start--> calling --1xx--> proceeding --2xx--> accepted --Timer M--> terminated
                      |  |               |  |                                      ^
                      |  +------2xx------|--+--> accepted                          |
                      +-----300-699------+-----> completed --------Timer D---------+
                      +--Timer B, transport error----------------------------------+

* calling: the request has been sent. On an unreliable transport Timer A sends it again, at gaps that double.
* proceeding: a provisional response has come. Nothing is sent again, and nothing in this machine ends the wait: how
  long it may ring is the user's own matter, who ends it by CANCEL.
* accepted: a 2xx was delivered, and each further one is: a copy needs its ACK once more, one of another branch of a
  fork needs an end of its own. The ACK of a 2xx is the user's.
* completed: a refusal was delivered, once, and acknowledged; each copy of it is acknowledged again. That ACK is the
  transaction's own (§17.1.1.3). A 2xx of another branch of a fork may follow all the same (§16.7), and is delivered:
  dropped, it would leave a call up.
* terminated: nothing changes any more, and no timer runs. On a reliable transport a refusal leads here at once, and
  Timer B from anywhere: a 2xx that comes all the same, while its connection is still read, is delivered too.

As there, what comes late, twice or too early has its own row, which stays where it is and does nothing.
"""

from enum import StrEnum

from sipcheck.transaction.timed_machine import Rules, TimedMachine
from sipcheck.transaction.timers import RFC_3261, Timers


class State(StrEnum):
    IDLE = "idle"
    CALLING = "calling"
    PROCEEDING = "proceeding"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    TERMINATED = "terminated"


class Event(StrEnum):
    START = "start"
    PROVISIONAL = "provisional"
    SUCCESS = "success"
    REFUSAL = "refusal"
    TIMER_A = "timer-a"
    TIMER_B = "timer-b"
    TIMER_D = "timer-d"
    TIMER_M = "timer-m"
    TRANSPORT_ERROR = "transport-error"


class Action(StrEnum):
    SEND = "send"
    ACKNOWLEDGE = "acknowledge"
    DELIVER_PROVISIONAL = "deliver-provisional"
    DELIVER_SUCCESS = "deliver-success"
    DELIVER_REFUSAL = "deliver-refusal"
    TIMED_OUT = "timed-out"
    FAILED = "failed"
    TERMINATED = "terminated"


_NOTHING: tuple[Action, ...] = ()
_GIVE_UP = (Action.TIMED_OUT, Action.TERMINATED)
_BREAK_OFF = (Action.FAILED, Action.TERMINATED)
_REFUSED = (Action.ACKNOWLEDGE, Action.DELIVER_REFUSAL)

TABLE: dict[tuple[State, Event], tuple[State, tuple[Action, ...]]] = {
    (State.IDLE, Event.START): (State.CALLING, (Action.SEND,)),
    (State.IDLE, Event.PROVISIONAL): (State.IDLE, _NOTHING),
    (State.IDLE, Event.SUCCESS): (State.IDLE, _NOTHING),
    (State.IDLE, Event.REFUSAL): (State.IDLE, _NOTHING),
    (State.IDLE, Event.TIMER_A): (State.IDLE, _NOTHING),
    (State.IDLE, Event.TIMER_B): (State.IDLE, _NOTHING),
    (State.IDLE, Event.TIMER_D): (State.IDLE, _NOTHING),
    (State.IDLE, Event.TIMER_M): (State.IDLE, _NOTHING),
    (State.IDLE, Event.TRANSPORT_ERROR): (State.TERMINATED, _BREAK_OFF),
    (State.CALLING, Event.START): (State.CALLING, _NOTHING),
    (State.CALLING, Event.PROVISIONAL): (State.PROCEEDING, (Action.DELIVER_PROVISIONAL,)),
    (State.CALLING, Event.SUCCESS): (State.ACCEPTED, (Action.DELIVER_SUCCESS,)),
    (State.CALLING, Event.REFUSAL): (State.COMPLETED, _REFUSED),
    (State.CALLING, Event.TIMER_A): (State.CALLING, (Action.SEND,)),
    (State.CALLING, Event.TIMER_B): (State.TERMINATED, _GIVE_UP),
    (State.CALLING, Event.TIMER_D): (State.CALLING, _NOTHING),
    (State.CALLING, Event.TIMER_M): (State.CALLING, _NOTHING),
    (State.CALLING, Event.TRANSPORT_ERROR): (State.TERMINATED, _BREAK_OFF),
    (State.PROCEEDING, Event.START): (State.PROCEEDING, _NOTHING),
    (State.PROCEEDING, Event.PROVISIONAL): (State.PROCEEDING, (Action.DELIVER_PROVISIONAL,)),
    (State.PROCEEDING, Event.SUCCESS): (State.ACCEPTED, (Action.DELIVER_SUCCESS,)),
    (State.PROCEEDING, Event.REFUSAL): (State.COMPLETED, _REFUSED),
    (State.PROCEEDING, Event.TIMER_A): (State.PROCEEDING, _NOTHING),
    (State.PROCEEDING, Event.TIMER_B): (State.PROCEEDING, _NOTHING),
    (State.PROCEEDING, Event.TIMER_D): (State.PROCEEDING, _NOTHING),
    (State.PROCEEDING, Event.TIMER_M): (State.PROCEEDING, _NOTHING),
    (State.PROCEEDING, Event.TRANSPORT_ERROR): (State.TERMINATED, _BREAK_OFF),
    (State.ACCEPTED, Event.START): (State.ACCEPTED, _NOTHING),
    (State.ACCEPTED, Event.PROVISIONAL): (State.ACCEPTED, _NOTHING),
    (State.ACCEPTED, Event.SUCCESS): (State.ACCEPTED, (Action.DELIVER_SUCCESS,)),
    (State.ACCEPTED, Event.REFUSAL): (State.ACCEPTED, _NOTHING),
    (State.ACCEPTED, Event.TIMER_A): (State.ACCEPTED, _NOTHING),
    (State.ACCEPTED, Event.TIMER_B): (State.ACCEPTED, _NOTHING),
    (State.ACCEPTED, Event.TIMER_D): (State.ACCEPTED, _NOTHING),
    (State.ACCEPTED, Event.TIMER_M): (State.TERMINATED, (Action.TERMINATED,)),
    (State.ACCEPTED, Event.TRANSPORT_ERROR): (State.ACCEPTED, _NOTHING),
    (State.COMPLETED, Event.START): (State.COMPLETED, _NOTHING),
    (State.COMPLETED, Event.PROVISIONAL): (State.COMPLETED, _NOTHING),
    (State.COMPLETED, Event.SUCCESS): (State.COMPLETED, (Action.DELIVER_SUCCESS,)),
    (State.COMPLETED, Event.REFUSAL): (State.COMPLETED, (Action.ACKNOWLEDGE,)),
    (State.COMPLETED, Event.TIMER_A): (State.COMPLETED, _NOTHING),
    (State.COMPLETED, Event.TIMER_B): (State.COMPLETED, _NOTHING),
    (State.COMPLETED, Event.TIMER_D): (State.TERMINATED, (Action.TERMINATED,)),
    (State.COMPLETED, Event.TIMER_M): (State.COMPLETED, _NOTHING),
    (State.COMPLETED, Event.TRANSPORT_ERROR): (State.TERMINATED, (Action.TERMINATED,)),
    (State.TERMINATED, Event.START): (State.TERMINATED, _NOTHING),
    (State.TERMINATED, Event.PROVISIONAL): (State.TERMINATED, _NOTHING),
    (State.TERMINATED, Event.SUCCESS): (State.TERMINATED, (Action.DELIVER_SUCCESS,)),
    (State.TERMINATED, Event.REFUSAL): (State.TERMINATED, _NOTHING),
    (State.TERMINATED, Event.TIMER_A): (State.TERMINATED, _NOTHING),
    (State.TERMINATED, Event.TIMER_B): (State.TERMINATED, _NOTHING),
    (State.TERMINATED, Event.TIMER_D): (State.TERMINATED, _NOTHING),
    (State.TERMINATED, Event.TIMER_M): (State.TERMINATED, _NOTHING),
    (State.TERMINATED, Event.TRANSPORT_ERROR): (State.TERMINATED, _NOTHING),
}


_RULES = Rules(
    TABLE, State.TERMINATED, (Event.TIMER_B, Event.TIMER_D, Event.TIMER_M, Event.TIMER_A), Action.SEND
)


class InviteTransaction(TimedMachine[State, Event, Action]):
    """One INVITE: what to do at each event, and when to look again. Moments are seconds on the caller's clock."""

    def __init__(self, *, reliable: bool, timers: Timers = RFC_3261) -> None:
        super().__init__(_RULES, State.IDLE, reliable=reliable, timers=timers)
        self.retransmissions = 0

    @property
    def answered(self) -> bool:
        """Whether a final response has come."""
        return self.state in (State.ACCEPTED, State.COMPLETED)

    def start(self, now: float) -> tuple[Action, ...]:
        """Send the INVITE for the first time, and start Timer B, and Timer A on an unreliable transport."""
        actions = self._step(Event.START)
        if Action.SEND in actions:
            self._due[Event.TIMER_B] = now + self._timers.b_seconds
            if not self._reliable:
                self._due[Event.TIMER_A] = now + self._timers.t1_seconds
        return actions

    def on_response(self, status: int, now: float) -> tuple[Action, ...]:
        """Take in a matching response of any class."""
        before = self.state
        actions = self._step(_event_of(status))
        if self.state is not before:
            self._due = self._timers_of(self.state, now)
        return actions

    def on_transport_error(self, now: float) -> tuple[Action, ...]:
        """Take in that the transport can bring nothing more."""
        return self._step(Event.TRANSPORT_ERROR)

    def _again_at(self, due_at: float, now: float) -> float:
        self.retransmissions += 1
        self._interval_seconds *= 2
        # On schedule, and after a late clock not at once again: what was missed is not made up for.
        return max(due_at + self._interval_seconds, now + self._timers.t1_seconds)

    def _timers_of(self, state: State, now: float) -> dict[Event, float]:
        """Timer D is zero on a reliable transport; Timer M is not, since forks answer over any (RFC 6026 §8.4)."""
        if state is State.ACCEPTED:
            return {Event.TIMER_M: now + self._timers.m_seconds}
        if state is State.COMPLETED:
            return {Event.TIMER_D: now + (0.0 if self._reliable else self._timers.d_seconds)}
        return {}


def _event_of(status: int) -> Event:
    if status < 200:
        return Event.PROVISIONAL
    return Event.SUCCESS if status < 300 else Event.REFUSAL
