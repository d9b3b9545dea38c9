"""RFC 3261 §17.1.2 on a clock that the test turns."""

import itertools

import pytest

from sipcheck.transaction.client_transaction import TABLE, Action, ClientTransaction, Event, State
from sipcheck.transaction.timers import Timers


def run_out(transaction: ClientTransaction, *, until: float = 100.0) -> list[tuple[float, Action]]:
    """Fire every timer up to a moment: (when, what was done)."""
    done: list[tuple[float, Action]] = []
    while (due := transaction.next_at) is not None and due <= until:
        done += [(due, action) for action in transaction.on_time(due)]
    return done


def started(*, reliable: bool = False, timers: Timers | None = None) -> ClientTransaction:
    transaction = ClientTransaction(reliable=reliable, timers=timers or Timers())
    assert transaction.start(0.0) == (Action.SEND,)
    return transaction


def test_every_pair_of_state_and_event_is_listed() -> None:
    assert set(TABLE) == set(itertools.product(State, Event))


def test_the_retransmissions_of_a_silent_peer_over_udp() -> None:
    """§17.1.2.2: T1, doubling to T2, until 64 × T1."""
    transaction = started()
    done = run_out(transaction)
    sent = [at for at, action in done if action is Action.SEND]
    assert sent == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert done[-2:] == [(32.0, Action.TIMED_OUT), (32.0, Action.TERMINATED)]
    assert transaction.retransmissions == 10
    assert transaction.next_at is None


def test_a_reliable_transport_never_retransmits() -> None:
    done = run_out(started(reliable=True))
    assert done == [(32.0, Action.TIMED_OUT), (32.0, Action.TERMINATED)]


def test_after_a_provisional_answer_timer_e_is_t2_and_timer_f_still_runs() -> None:
    transaction = started()
    assert transaction.on_response(100, 0.2) == (Action.DELIVER_PROVISIONAL,)
    done = run_out(transaction)
    assert [at for at, action in done if action is Action.SEND] == [
        0.5,
        4.5,
        8.5,
        12.5,
        16.5,
        20.5,
        24.5,
        28.5,
    ]
    assert done[-1] == (32.0, Action.TERMINATED)


@pytest.mark.parametrize("status", [200, 302, 404, 503, 603])
@pytest.mark.parametrize("provisional", [False, True])
def test_a_final_answer_ends_it_once(status: int, provisional: bool) -> None:
    transaction = started()
    if provisional:
        transaction.on_response(180, 0.1)
    assert transaction.on_response(status, 0.2) == (Action.DELIVER_FINAL,)
    assert transaction.on_response(status, 0.3) == ()
    assert transaction.on_response(100, 0.3) == ()
    assert run_out(transaction) == [(5.2, Action.TERMINATED)]


def test_timer_k_is_zero_on_a_reliable_transport() -> None:
    transaction = started(reliable=True)
    transaction.on_response(200, 1.0)
    assert run_out(transaction) == [(1.0, Action.TERMINATED)]


def test_a_transport_error_ends_it_at_once() -> None:
    """§17.1.4, §18.4."""
    transaction = started()
    assert transaction.on_transport_error(0.1) == (Action.FAILED, Action.TERMINATED)
    assert transaction.next_at is None
    assert transaction.on_response(200, 0.2) == ()


def test_a_late_clock_sends_nothing_after_the_end() -> None:
    transaction = started()
    assert transaction.on_time(40.0) == (Action.TIMED_OUT, Action.TERMINATED)


def test_other_timers() -> None:
    transaction = started(timers=Timers(t1_seconds=0.1, t2_seconds=0.4, t4_seconds=0.5))
    sent = [round(at, 6) for at, action in run_out(transaction) if action is Action.SEND]
    assert sent[:4] == [0.1, 0.3, 0.7, 1.1]
