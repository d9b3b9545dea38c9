"""What a run has sent and received so far: kept while it runs, for its own tenant, within bounds."""

from contextlib import ExitStack
from datetime import timedelta
from uuid import UUID

import pytest

from sipcheck.report.model import Direction, TraceStep
from tests.trunks.forms import Store, make_report
from trunks.clock import utc_now
from trunks.ids import new_id
from trunks.runs.growing_ladders import MOST_STEPS, GrowingLadders
from trunks.runs.live_ladders import LiveStep, line_of

SENT = TraceStep(1.0, "e", Direction.SENT, "OPTIONS sip:a.example SIP/2.0\nCSeq: 1 OPTIONS\n")


def step(store: Store, line: str = "OPTIONS sip:a.example") -> LiveStep:
    return LiveStep("a.example", store.clock(), Direction.SENT, line)


def queued(store: Store) -> UUID:
    return store.installation.runs.requests.request(store.caller, store.make_trunk().id)


def test_a_ladder_is_there_while_its_run_is_under_way(store: Store) -> None:
    ladders, run = store.installation.runs.ladders, queued(store)
    one, two = step(store), step(store, "100 Trying (OPTIONS)")
    ladders.write({run: [one]}, ())
    assert ladders.of(store.caller, run) == []  # it waits still
    claim = store.claim(run)
    assert claim is not None
    ladders.write({run: [one], new_id(): [one]}, ())
    assert ladders.of(store.caller, run) == [one]
    ladders.write({run: [one, two]}, ())
    assert ladders.of(store.caller, run) == [one, two]
    tenants = store.installation.tenancy.tenants
    tenants.create_environment("others")
    stranger = tenants.authenticate(tenants.create_token("others"))
    assert stranger is not None
    assert ladders.of(stranger, run) == []
    assert store.finish(claim, make_report())
    assert ladders.of(store.caller, run) == []
    ladders.write({run: [one]}, ())  # too late
    ladders.write({}, [run])
    assert "live_ladders" not in store.installation.cleaning.turn()


def test_what_a_killed_worker_leaves_is_cleaned_up(store: Store) -> None:
    run = queued(store)
    assert store.claim(run) is not None
    store.installation.runs.ladders.write({run: [step(store)]}, ())
    store.clock.advance(timedelta(minutes=59).total_seconds())
    assert "live_ladders" not in store.installation.cleaning.turn()
    store.clock.advance(timedelta(minutes=2).total_seconds())
    assert store.installation.cleaning.turn()["live_ladders"] == 1


@pytest.mark.parametrize(
    ("text", "direction", "line"),
    [
        ("connected by tcp", Direction.EVENT, ("connected by tcp", False)),
        ("OPTIONS sip:a SIP/2.0\nCSeq: 1 OPTIONS", Direction.SENT, ("OPTIONS sip:a", False)),
        ("REGISTER sip:a SIP/2.0\nAuthorization: Digest", Direction.SENT, ("REGISTER sip:a", True)),
        ("INVITE sip:a SIP/2.0\nproxy-authorization: x", Direction.SENT, ("INVITE sip:a", True)),
        (
            "SIP/2.0 401 Unauthorized\nCSeq: 1 REGISTER",
            Direction.RECEIVED,
            ("401 Unauthorized (REGISTER)", False),
        ),
    ],
)
def test_a_step_is_a_line(text: str, direction: Direction, line: tuple[str, bool]) -> None:
    assert line_of(TraceStep(1.0, "e", direction, text)) == line


def test_what_grows_is_taken_whole_and_what_was_never_taken_needs_no_end(store: Store) -> None:
    growing = GrowingLadders(store.clock)
    quick, slow = new_id(), new_id()
    with growing.of(quick) as steps:
        steps("a.example")(SENT)
    assert not growing.are_there
    with growing.of(slow) as steps:
        for _ in range(MOST_STEPS + 5):
            steps("a.example")(SENT)
        taken = growing.take(10)
        assert [len(each) for each in taken.ladders.values()] == [MOST_STEPS]
        assert growing.take(10).ladders == {}
        growing.put_back(taken)
        assert growing.take(10).ladders == taken.ladders
    assert growing.are_there
    over = growing.take(10)
    assert (over.ladders, over.ended) == ({}, {slow})
    growing.put_back(over)
    assert growing.take(10).ended == {slow}
    assert not growing.are_there


def test_runs_take_turns(store: Store) -> None:
    growing = GrowingLadders(store.clock)
    one, two = new_id(), new_id()
    with growing.of(one) as first, growing.of(two) as second:
        for steps in (first, second):
            steps("a.example")(SENT)
        assert list(growing.take(1).ladders) == [one]
        first("a.example")(SENT)
        assert list(growing.take(1).ladders) == [two]
        assert list(growing.take(1).ladders) == [one]


@pytest.mark.parametrize("first_ends_first", [True, False])
def test_a_run_that_is_claimed_again_while_its_former_coroutine_runs(first_ends_first: bool) -> None:
    """Its lease is over on the store's clock, and the engine's goes on: a machine that slept."""
    growing = GrowingLadders(utc_now)
    run = new_id()
    with ExitStack() as lost, ExitStack() as ours:
        lost_steps = lost.enter_context(growing.of(run))("gateway")
        our_steps = ours.enter_context(growing.of(run))("gateway")
        lost_steps(SENT)
        assert growing.take(10).ladders == {}
        if first_ends_first:
            lost.close()
        our_steps(SENT)
        assert [len(steps) for steps in growing.take(10).ladders.values()] == [1]
        ours.close()
        lost_steps(SENT)
        assert growing.take(10) == ({}, {run})
    assert not growing.are_there
