"""RFC 3261 §17.2, for responses that are at hand at once: every pair, and the timers of both kinds and transports."""

import itertools

import pytest

from sipcheck.transaction.invite.server_transaction import TABLE, Event, ServerTransaction, State

EFFECTIVE = {
    (State.IDLE, Event.REQUEST): (State.COMPLETED, True),
    (State.COMPLETED, Event.REQUEST): (State.COMPLETED, True),
    (State.COMPLETED, Event.ACK): (State.CONFIRMED, False),
    (State.COMPLETED, Event.TIMER_G): (State.COMPLETED, True),
    (State.COMPLETED, Event.TIMER_H): (State.TERMINATED, False),
    (State.COMPLETED, Event.TIMER_J): (State.TERMINATED, False),
    (State.CONFIRMED, Event.TIMER_I): (State.TERMINATED, False),
}


@pytest.mark.parametrize(("state", "event"), [*itertools.product(State, Event)])
def test_every_pair_of_state_and_event(state: State, event: Event) -> None:
    assert TABLE[state, event] == EFFECTIVE.get((state, event), (state, False))


def sendings(machine: ServerTransaction, *, until: float = 100.0) -> list[float]:
    """When the response is sent again by itself."""
    sent = []
    while (due := machine.next_at) is not None and due <= until:
        if machine.on_time(due):
            sent.append(round(due, 6))
    return sent


@pytest.mark.parametrize(
    ("invite", "reliable", "again", "ends_at"),
    [
        (True, False, [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5], 32.0),
        (True, True, [], 32.0),
        (False, False, [], 32.0),
        (False, True, [], 0.0),
    ],
)
def test_the_timers(invite: bool, reliable: bool, again: list[float], ends_at: float) -> None:
    machine = ServerTransaction(invite=invite, reliable=reliable)
    assert machine.on_request(0.0) is True
    assert machine.next_at == (min([*again[:1], ends_at]))
    assert sendings(machine) == again
    assert machine.state is State.TERMINATED


@pytest.mark.parametrize("reliable", [False, True])
def test_an_ack_ends_what_is_sent_again(reliable: bool) -> None:
    machine = ServerTransaction(invite=True, reliable=reliable)
    machine.on_request(0.0)
    states = [machine.state]
    machine.on_ack(0.2)
    states.append(machine.state)
    assert machine.on_request(0.3) is False
    assert sendings(machine) == []
    assert [*states, machine.state] == [State.COMPLETED, State.CONFIRMED, State.TERMINATED]


def test_a_copy_of_a_request_gets_the_response_again() -> None:
    machine = ServerTransaction(invite=False, reliable=False)
    assert [machine.on_request(at) for at in (0.0, 0.5, 1.5)] == [True, True, True]
    assert machine.on_ack(1.6) is False
    assert machine.state is State.COMPLETED
