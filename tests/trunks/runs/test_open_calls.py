"""What ends calls that may be up is renewed while their own worker has them, and by nobody else, on both engines."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from sipcheck.transaction.invite.call_mark import CallMark
from tests.trunks.forms import Store
from tests.trunks.runs.test_placed_calls import MARK
from trunks.errors import StoreUnavailable
from trunks.repositories.open_calls import OpenCallRows
from trunks.runs.claimed_run import ClaimedRun
from trunks.runs.open_calls import OpenCalls, WrittenCall


@pytest.fixture
def run(store: Store) -> ClaimedRun:
    claimed = store.claim(store.installation.runs.requests.request(store.caller, store.make_trunk().id))
    assert claimed is not None
    return claimed


def worker(store: Store) -> OpenCalls:
    return OpenCalls(store.installation.database, store.clock)


def written(run: ClaimedRun, call_id: str, marks: Sequence[CallMark] = (MARK,)) -> WrittenCall:
    return WrittenCall(run, call_id, tuple(replace(each, call_id=call_id) for each in marks))


def lost(store: Store, by: OpenCalls, *workers: OpenCalls) -> list[str]:
    """Let half a minute pass, in which these renew what is theirs; give what another has to end then."""
    for _ in range(4):
        store.clock.advance(10)
        for each in workers:
            each.renew()
    return [call.call_id for call in by.claim_lost(limit=9)]


def test_one_that_could_not_be_struck_out_is_anothers_when_its_lease_ends(
    store: Store, run: ClaimedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_away(*_: object) -> None:
        raise StoreUnavailable("The database does not answer.")

    ours, another = worker(store), worker(store)
    ours.write_down([written(run, "over"), written(run, "up")])
    with monkeypatch.context() as away:
        away.setattr(OpenCallRows, "forget", is_away)
        with pytest.raises(StoreUnavailable):
            ours.write_down([written(run, "over", ())])
    assert lost(store, another, ours, another) == ["over"]
    ours.write_down([written(run, "up", ())])
    assert lost(store, another, ours) == ["over"]  # which nobody has struck out yet


def test_a_lost_one_that_could_not_be_ended_is_tried_again_beside_a_call_that_is_up(
    store: Store, run: ClaimedRun
) -> None:
    gone, ours, another = worker(store), worker(store), worker(store)
    gone.write_down([written(run, "lost")])
    ours.write_down([written(run, "up")])
    assert lost(store, ours, ours) == ["lost"]
    assert another.claim_lost(limit=9) == []
    # Its end failed. It is the next one's turn, ours or another's.
    assert lost(store, another, ours) == ["lost"]
