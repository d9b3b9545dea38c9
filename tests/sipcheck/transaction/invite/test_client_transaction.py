"""RFC 3261 §17.1.1 as RFC 6026 §8.4 has it, on a clock that the test turns."""

import itertools
from collections.abc import Callable

import pytest

from sipcheck.transaction.invite.client_transaction import TABLE, Action, Event, InviteTransaction, State
from sipcheck.transaction.timers import Timers

SEND, ACKNOWLEDGE = Action.SEND, Action.ACKNOWLEDGE
REFUSED = (ACKNOWLEDGE, Action.DELIVER_REFUSAL)

# What a pair does; every other one stays where it is and does nothing.
EFFECTIVE = {
    (State.IDLE, Event.START): (State.CALLING, (SEND,)),
    (State.IDLE, Event.TRANSPORT_ERROR): (State.TERMINATED, (Action.FAILED, Action.TERMINATED)),
    (State.CALLING, Event.PROVISIONAL): (State.PROCEEDING, (Action.DELIVER_PROVISIONAL,)),
    (State.CALLING, Event.SUCCESS): (State.ACCEPTED, (Action.DELIVER_SUCCESS,)),
    (State.CALLING, Event.REFUSAL): (State.COMPLETED, REFUSED),
    (State.CALLING, Event.TIMER_A): (State.CALLING, (SEND,)),
    (State.CALLING, Event.TIMER_B): (State.TERMINATED, (Action.TIMED_OUT, Action.TERMINATED)),
    (State.CALLING, Event.TRANSPORT_ERROR): (State.TERMINATED, (Action.FAILED, Action.TERMINATED)),
    (State.PROCEEDING, Event.PROVISIONAL): (State.PROCEEDING, (Action.DELIVER_PROVISIONAL,)),
    (State.PROCEEDING, Event.SUCCESS): (State.ACCEPTED, (Action.DELIVER_SUCCESS,)),
    (State.PROCEEDING, Event.REFUSAL): (State.COMPLETED, REFUSED),
    (State.PROCEEDING, Event.TRANSPORT_ERROR): (State.TERMINATED, (Action.FAILED, Action.TERMINATED)),
    (State.ACCEPTED, Event.SUCCESS): (State.ACCEPTED, (Action.DELIVER_SUCCESS,)),
    (State.ACCEPTED, Event.TIMER_M): (State.TERMINATED, (Action.TERMINATED,)),
    (State.COMPLETED, Event.SUCCESS): (State.COMPLETED, (Action.DELIVER_SUCCESS,)),
    (State.COMPLETED, Event.REFUSAL): (State.COMPLETED, (ACKNOWLEDGE,)),
    (State.COMPLETED, Event.TIMER_D): (State.TERMINATED, (Action.TERMINATED,)),
    (State.COMPLETED, Event.TRANSPORT_ERROR): (State.TERMINATED, (Action.TERMINATED,)),
    (State.TERMINATED, Event.SUCCESS): (State.TERMINATED, (Action.DELIVER_SUCCESS,)),
}

Ways = dict[State, Callable[[InviteTransaction], object]]
TO_STATE: Ways = {
    State.IDLE: lambda machine: None,
    State.CALLING: lambda machine: machine.start(0.0),
    State.PROCEEDING: lambda machine: (machine.start(0.0), machine.on_response(180, 0.1)),
    State.ACCEPTED: lambda machine: (machine.start(0.0), machine.on_response(200, 0.1)),
    State.COMPLETED: lambda machine: (machine.start(0.0), machine.on_response(486, 0.1)),
    State.TERMINATED: lambda machine: machine.on_transport_error(0.0),
}
STATUS = {Event.PROVISIONAL: (100, 183, 199), Event.SUCCESS: (200, 299), Event.REFUSAL: (300, 407, 699)}


def run_out(machine: InviteTransaction, *, until: float = 100.0) -> list[tuple[float, Action]]:
    """Fire every timer up to a moment: (when, what was done)."""
    done: list[tuple[float, Action]] = []
    while (due := machine.next_at) is not None and due <= until:
        done += [(round(due, 6), action) for action in machine.on_time(due)]
    return done


@pytest.mark.parametrize(("state", "event"), [*itertools.product(State, Event)])
def test_every_pair_of_state_and_event(state: State, event: Event) -> None:
    assert TABLE[state, event] == EFFECTIVE.get((state, event), (state, ()))


@pytest.mark.parametrize("reliable", [False, True])
@pytest.mark.parametrize(
    ("state", "event"), [*itertools.product(State, [*STATUS, Event.TRANSPORT_ERROR, Event.START])]
)
def test_what_comes_in_each_state(state: State, event: Event, reliable: bool) -> None:
    expected = EFFECTIVE.get((state, event), (state, ()))
    for status in STATUS.get(event, (0,)):
        machine = InviteTransaction(reliable=reliable)
        TO_STATE[state](machine)
        assert machine.state is state
        if event is Event.START:
            done = machine.start(0.2)
        else:
            done = machine.on_response(status, 0.2) if status else machine.on_transport_error(0.2)
        assert (machine.state, done) == expected


@pytest.mark.parametrize(
    ("state", "reliable", "timers"),
    [
        (State.IDLE, False, []),
        (
            State.CALLING,
            False,
            [(at, SEND) for at in (0.5, 1.5, 3.5, 7.5, 15.5, 31.5)]
            + [(32.0, Action.TIMED_OUT), (32.0, Action.TERMINATED)],
        ),
        (State.CALLING, True, [(32.0, Action.TIMED_OUT), (32.0, Action.TERMINATED)]),
        (State.PROCEEDING, False, []),
        (State.PROCEEDING, True, []),
        (State.ACCEPTED, False, [(32.1, Action.TERMINATED)]),
        (State.ACCEPTED, True, [(32.1, Action.TERMINATED)]),
        (State.COMPLETED, False, [(32.1, Action.TERMINATED)]),
        (State.COMPLETED, True, [(0.1, Action.TERMINATED)]),
        (State.TERMINATED, False, []),
    ],
)
def test_the_timers_of_each_state(state: State, reliable: bool, timers: list[tuple[float, Action]]) -> None:
    """Timer A doubles without T2's limit (§17.1.1.2); Timer D is zero on a stream, Timer M is not (RFC 6026 §8.4)."""
    machine = InviteTransaction(reliable=reliable)
    TO_STATE[state](machine)
    assert run_out(machine) == timers
    assert machine.next_at is None


def test_what_was_sent_again_is_counted() -> None:
    machine = InviteTransaction(reliable=False, timers=Timers(t1_seconds=0.1))
    machine.start(0.0)
    assert [at for at, action in run_out(machine, until=1.0) if action is SEND] == [0.1, 0.3, 0.7]
    assert machine.retransmissions == 3


def test_a_late_clock_sends_nothing_after_the_end() -> None:
    machine = InviteTransaction(reliable=False)
    machine.start(0.0)
    assert machine.on_time(40.0) == (Action.TIMED_OUT, Action.TERMINATED)
    assert machine.on_response(404, 41.0) == ()


@pytest.mark.parametrize(("status", "answered"), [(100, False), (180, False), (200, True), (487, True)])
def test_answered_is_what_a_final_response_makes_it(status: int, answered: bool) -> None:
    machine = InviteTransaction(reliable=False)
    machine.start(0.0)
    machine.on_response(status, 0.1)
    assert machine.answered is answered
