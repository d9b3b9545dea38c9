"""When a call may be taken back, and how a dialog ends (RFC 3261 §9.1, §13.2.2.4, §15): every pair of both tables."""

import itertools

import pytest

from sipcheck.transaction.invite import cancellation, dialog_end
from sipcheck.transaction.invite.cancellation import Cancellation
from sipcheck.transaction.invite.cancellation import Event as CancelEvent
from sipcheck.transaction.invite.cancellation import State as Cancel
from sipcheck.transaction.invite.dialog_end import Action, DialogEnd
from sipcheck.transaction.invite.dialog_end import Event as EndEvent
from sipcheck.transaction.invite.dialog_end import State as End

ACKNOWLEDGE, ENDED = (Action.ACKNOWLEDGE,), (Action.ENDED,)

CANCELS = {
    (Cancel.CALLING, CancelEvent.PROVISIONAL): (Cancel.RINGING, False),
    (Cancel.CALLING, CancelEvent.HANG_UP): (Cancel.WANTED, False),
    (Cancel.WANTED, CancelEvent.PROVISIONAL): (Cancel.CANCELLING, True),
    (Cancel.RINGING, CancelEvent.HANG_UP): (Cancel.CANCELLING, True),
}
ENDS = {
    (End.NONE, EndEvent.SUCCESS): (End.CONFIRMED, ACKNOWLEDGE),
    (End.CONFIRMED, EndEvent.HANG_UP): (End.ENDING, (Action.SEND_BYE,)),
    (End.CONFIRMED, EndEvent.PEER_BYE): (End.ENDED, ENDED),
    (End.ENDING, EndEvent.CHALLENGED): (End.PROVING, (Action.PROVE_BYE,)),
    (End.ENDING, EndEvent.BYE_ENDED): (End.ENDED, ENDED),
    (End.ENDING, EndEvent.PEER_BYE): (End.ENDED, ENDED),
    (End.PROVING, EndEvent.CHALLENGED): (End.ENDED, ENDED),
    (End.PROVING, EndEvent.BYE_ENDED): (End.ENDED, ENDED),
    (End.PROVING, EndEvent.PEER_BYE): (End.ENDED, ENDED),
}


@pytest.mark.parametrize(("state", "event"), [*itertools.product(Cancel, CancelEvent)])
def test_every_pair_of_a_cancellation(state: Cancel, event: CancelEvent) -> None:
    otherwise = (Cancel.OVER if event is CancelEvent.FINAL else state, False)
    assert cancellation.TABLE[state, event] == CANCELS.get((state, event), otherwise)


@pytest.mark.parametrize(("state", "event"), [*itertools.product(End, EndEvent)])
def test_every_pair_of_a_dialog(state: End, event: EndEvent) -> None:
    """Every copy of a 2xx is acknowledged, wherever the dialog stands (§13.2.2.4)."""
    otherwise = (state, ACKNOWLEDGE if event is EndEvent.SUCCESS else ())
    assert dialog_end.TABLE[state, event] == ENDS.get((state, event), otherwise)


def test_a_cancel_leaves_once_and_behind_a_provisional_response_alone() -> None:
    for events in itertools.product(CancelEvent, repeat=5):
        machine = Cancellation()
        left = [number for number, event in enumerate(events) if machine.on(event)]
        before_final = events[: events.index(CancelEvent.FINAL)] if CancelEvent.FINAL in events else events
        wanted = {CancelEvent.PROVISIONAL, CancelEvent.HANG_UP} <= set(before_final)
        assert len(left) == wanted, events
        assert all(CancelEvent.PROVISIONAL in events[: number + 1] for number in left), events


def test_a_dialog_sends_two_byes_at_most_and_ends_once() -> None:
    for events in itertools.product(EndEvent, repeat=5):
        machine = DialogEnd()
        done = [action for event in events for action in machine.on(event)]
        assert done.count(Action.SEND_BYE) <= 1, events
        assert done.count(Action.PROVE_BYE) <= done.count(Action.SEND_BYE), events
        assert done.count(Action.ENDED) <= 1, events
        # Nobody hangs up before the ACK has left, and each 2xx has one.
        assert done.count(Action.ACKNOWLEDGE) == events.count(EndEvent.SUCCESS), events
        assert not done or done[0] is Action.ACKNOWLEDGE, events
