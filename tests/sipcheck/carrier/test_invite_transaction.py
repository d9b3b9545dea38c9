"""The INVITE server transaction: every pair, and each timer by the clock that is given (RFC 3261 §17.2.1, RFC 6026)."""

from itertools import product

import pytest

from sipcheck.carrier.invite_transaction import TABLE, Action, Event, InviteServerTransaction, State

AGAIN = (Action.SEND_AGAIN,)
# What does something; every other pair stays where it is.
MOVES = {
    (State.PROCEEDING, Event.INVITE): (State.PROCEEDING, AGAIN),
    (State.PROCEEDING, Event.REFUSE): (State.COMPLETED, ()),
    (State.PROCEEDING, Event.ACCEPT): (State.ACCEPTED, ()),
    (State.COMPLETED, Event.INVITE): (State.COMPLETED, AGAIN),
    (State.COMPLETED, Event.ACK): (State.CONFIRMED, (Action.ACKNOWLEDGED,)),
    (State.COMPLETED, Event.TIMER_G): (State.COMPLETED, AGAIN),
    (State.COMPLETED, Event.TIMER_H): (State.TERMINATED, (Action.UNACKNOWLEDGED,)),
    (State.ACCEPTED, Event.ACK): (State.CONFIRMED, (Action.ACKNOWLEDGED,)),
    (State.ACCEPTED, Event.TIMER_G): (State.ACCEPTED, AGAIN),
    (State.ACCEPTED, Event.TIMER_H): (State.TERMINATED, (Action.UNACKNOWLEDGED,)),
    (State.CONFIRMED, Event.TIMER_I): (State.TERMINATED, ()),
}


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_every_pair(state: State, event: Event) -> None:
    assert TABLE[state, event] == MOVES.get((state, event), (state, ()))


def fired(transaction: InviteServerTransaction, until: float) -> list[tuple[float, Action]]:
    found = []
    while transaction.next_at is not None and transaction.next_at <= until:
        now = transaction.next_at
        found += [(now, action) for action in transaction.on_time(now)]
    return found


@pytest.mark.parametrize(
    ("status", "reliable", "repeated"), [(200, True, True), (486, False, True), (486, True, False)]
)
def test_a_final_answer_is_sent_again_until_nobody_can_want_it(
    status: int, reliable: bool, repeated: bool
) -> None:
    transaction = InviteServerTransaction(reliable=reliable)
    transaction.answer(status, 0.0)
    moments = fired(transaction, 100.0)
    again = [at for at, action in moments if action is Action.SEND_AGAIN]
    assert again == ([0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5] if repeated else [])
    assert moments[-1] == (32.0, Action.UNACKNOWLEDGED)
    assert transaction.state is State.TERMINATED


@pytest.mark.parametrize("status", [200, 603])
@pytest.mark.parametrize("reliable", [True, False])
def test_an_ack_ends_it_and_its_copies_are_absorbed(status: int, reliable: bool) -> None:
    transaction = InviteServerTransaction(reliable=reliable)
    transaction.answer(status, 0.0)
    assert transaction.on_ack(0.1) == (Action.ACKNOWLEDGED,)
    assert transaction.on_ack(0.2) == ()
    transaction.answer(500, 0.3)
    assert fired(transaction, 100.0) == []
    assert transaction.state is State.TERMINATED
