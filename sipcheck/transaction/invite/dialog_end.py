"""How a dialog is answered for and ended, as a table (RFC 3261 §13.2.2.4, §15).

* none: no 2xx has come.
* confirmed: a 2xx has come, and its ACK has left. Each copy of it gets the ACK again.
* ending: BYE has left.
* proving: it was challenged, and has left once more with credentials. That is not done a second time.
* ended: by BYE's answer or its lack, or by the peer's own BYE. A copy of the 2xx still gets its ACK, so that the peer
  comes to rest.
"""

from enum import StrEnum


class State(StrEnum):
    NONE = "none"
    CONFIRMED = "confirmed"
    ENDING = "ending"
    PROVING = "proving"
    ENDED = "ended"


class Event(StrEnum):
    SUCCESS = "success"
    HANG_UP = "hang-up"
    CHALLENGED = "challenged"
    BYE_ENDED = "bye-ended"
    PEER_BYE = "peer-bye"


class Action(StrEnum):
    ACKNOWLEDGE = "acknowledge"
    SEND_BYE = "send-bye"
    PROVE_BYE = "prove-bye"
    ENDED = "ended"


_NOTHING: tuple[Action, ...] = ()
_ACKNOWLEDGE = (Action.ACKNOWLEDGE,)
_ENDED = (Action.ENDED,)

TABLE: dict[tuple[State, Event], tuple[State, tuple[Action, ...]]] = {
    (State.NONE, Event.SUCCESS): (State.CONFIRMED, _ACKNOWLEDGE),
    (State.NONE, Event.HANG_UP): (State.NONE, _NOTHING),
    (State.NONE, Event.CHALLENGED): (State.NONE, _NOTHING),
    (State.NONE, Event.BYE_ENDED): (State.NONE, _NOTHING),
    (State.NONE, Event.PEER_BYE): (State.NONE, _NOTHING),
    (State.CONFIRMED, Event.SUCCESS): (State.CONFIRMED, _ACKNOWLEDGE),
    (State.CONFIRMED, Event.HANG_UP): (State.ENDING, (Action.SEND_BYE,)),
    (State.CONFIRMED, Event.CHALLENGED): (State.CONFIRMED, _NOTHING),
    (State.CONFIRMED, Event.BYE_ENDED): (State.CONFIRMED, _NOTHING),
    (State.CONFIRMED, Event.PEER_BYE): (State.ENDED, _ENDED),
    (State.ENDING, Event.SUCCESS): (State.ENDING, _ACKNOWLEDGE),
    (State.ENDING, Event.HANG_UP): (State.ENDING, _NOTHING),
    (State.ENDING, Event.CHALLENGED): (State.PROVING, (Action.PROVE_BYE,)),
    (State.ENDING, Event.BYE_ENDED): (State.ENDED, _ENDED),
    (State.ENDING, Event.PEER_BYE): (State.ENDED, _ENDED),
    (State.PROVING, Event.SUCCESS): (State.PROVING, _ACKNOWLEDGE),
    (State.PROVING, Event.HANG_UP): (State.PROVING, _NOTHING),
    (State.PROVING, Event.CHALLENGED): (State.ENDED, _ENDED),
    (State.PROVING, Event.BYE_ENDED): (State.ENDED, _ENDED),
    (State.PROVING, Event.PEER_BYE): (State.ENDED, _ENDED),
    (State.ENDED, Event.SUCCESS): (State.ENDED, _ACKNOWLEDGE),
    (State.ENDED, Event.HANG_UP): (State.ENDED, _NOTHING),
    (State.ENDED, Event.CHALLENGED): (State.ENDED, _NOTHING),
    (State.ENDED, Event.BYE_ENDED): (State.ENDED, _NOTHING),
    (State.ENDED, Event.PEER_BYE): (State.ENDED, _NOTHING),
}


class DialogEnd:
    """One dialog's; each event tells what is to be done."""

    def __init__(self) -> None:
        self.state = State.NONE

    def on(self, event: Event) -> tuple[Action, ...]:
        self.state, actions = TABLE[self.state, event]
        return actions
