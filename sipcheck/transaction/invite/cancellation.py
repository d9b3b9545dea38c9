"""When an INVITE may be taken back, as a table (RFC 3261 §9.1): never before a provisional response, and once.

* calling: nothing has come yet.
* wanted: the call is to end, and nothing has come: a CANCEL would overtake its INVITE. The first provisional response
  lets it go.
* ringing: a provisional response has come; the call may be ended at any time.
* cancelling: CANCEL has left. What ends the INVITE is its own final response, 487 as a rule.
* over: there is nothing left to take back.
"""

from enum import StrEnum


class State(StrEnum):
    CALLING = "calling"
    WANTED = "wanted"
    RINGING = "ringing"
    CANCELLING = "cancelling"
    OVER = "over"


class Event(StrEnum):
    PROVISIONAL = "provisional"
    HANG_UP = "hang-up"
    FINAL = "final"


# Where a pair leads, and whether a CANCEL leaves.
TABLE: dict[tuple[State, Event], tuple[State, bool]] = {
    (State.CALLING, Event.PROVISIONAL): (State.RINGING, False),
    (State.CALLING, Event.HANG_UP): (State.WANTED, False),
    (State.CALLING, Event.FINAL): (State.OVER, False),
    (State.WANTED, Event.PROVISIONAL): (State.CANCELLING, True),
    (State.WANTED, Event.HANG_UP): (State.WANTED, False),
    (State.WANTED, Event.FINAL): (State.OVER, False),
    (State.RINGING, Event.PROVISIONAL): (State.RINGING, False),
    (State.RINGING, Event.HANG_UP): (State.CANCELLING, True),
    (State.RINGING, Event.FINAL): (State.OVER, False),
    (State.CANCELLING, Event.PROVISIONAL): (State.CANCELLING, False),
    (State.CANCELLING, Event.HANG_UP): (State.CANCELLING, False),
    (State.CANCELLING, Event.FINAL): (State.OVER, False),
    (State.OVER, Event.PROVISIONAL): (State.OVER, False),
    (State.OVER, Event.HANG_UP): (State.OVER, False),
    (State.OVER, Event.FINAL): (State.OVER, False),
}


class Cancellation:
    """One INVITE's; each event tells whether a CANCEL is to leave now."""

    def __init__(self) -> None:
        self.state = State.CALLING

    def on(self, event: Event) -> bool:
        self.state, leaves = TABLE[self.state, event]
        return leaves
