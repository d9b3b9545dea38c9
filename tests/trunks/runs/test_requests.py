"""Runs as those see them who ask."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.trunks.forms import Store, make_report
from trunks.errors import VerificationNotFound
from trunks.ids import new_id
from trunks.models.verification import RequestedBy, VerificationStatus
from trunks.runs.queue import queue_unasked


def test_a_requested_run_waits_in_the_queue(store: Store) -> None:
    trunk = store.make_trunk()
    verification = store.run(trunk.id, store.installation.runs.requests.request(store.caller, trunk.id))
    assert verification.status is VerificationStatus.QUEUED
    assert verification.requested_by is RequestedBy.CUSTOMER
    assert verification.requested_at == verification.due_at == store.clock.now


def test_whoever_asks_while_a_run_is_open_gets_that_one(store: Store) -> None:
    trunk, runs = store.make_trunk(), store.installation.runs.requests
    first = runs.request(store.caller, trunk.id)
    assert runs.request(store.caller, trunk.id) == first
    claim = store.claim(first)
    assert claim is not None
    assert runs.request(store.caller, trunk.id) == first
    store.finish(claim, make_report())
    assert runs.request(store.caller, trunk.id) != first


def test_many_who_ask_at_once_get_one_run(store: Store) -> None:
    trunk = store.make_trunk()
    with ThreadPoolExecutor(8) as threads:
        ids = set(
            threads.map(lambda _: store.installation.runs.requests.request(store.caller, trunk.id), range(16))
        )
    assert len(ids) == 1


def test_after_an_edit_a_running_run_is_not_waited_for(store: Store) -> None:
    trunk, runs = store.make_trunk(), store.installation.runs.requests
    first = runs.request(store.caller, trunk.id)
    assert store.claim(first) is not None
    store.edit(trunk.id)
    assert runs.request(store.caller, trunk.id) != first


def test_pages_go_from_the_newest_back(store: Store) -> None:
    trunk, made = store.make_trunk(), []
    for _ in range(3):
        verification_id = store.installation.runs.requests.request(store.caller, trunk.id)
        claim = store.claim(verification_id)
        assert claim is not None
        store.finish(claim, make_report())
        made.append(verification_id)
    runs = store.installation.runs.requests
    first = runs.page(store.caller, trunk.id, limit=2)
    assert [each.id for each in first] == [made[2], made[1]]
    rest = runs.page(store.caller, trunk.id, limit=2, before=first[-1].id)
    assert [each.id for each in rest] == [made[0]]


def test_a_run_of_another_trunk_is_not_there(store: Store) -> None:
    trunk, other = store.make_trunk(), store.make_trunk()
    verification_id = store.installation.runs.requests.request(store.caller, trunk.id)
    with pytest.raises(VerificationNotFound):
        store.installation.runs.requests.get(store.caller, other.id, verification_id)


def test_those_that_are_done_are_told_apart_in_any_number(store: Store) -> None:
    trunk, runs = store.make_trunk(), store.installation.runs.requests
    done = runs.request(store.caller, trunk.id)
    claim = store.claim(done)
    assert claim is not None
    store.finish(claim, make_report())
    waiting = runs.request(store.caller, trunk.id)
    gone = {new_id() for _ in range(1200)}
    assert runs.done_among([done, waiting, *gone]) == {done, *gone}
    assert runs.done_among([]) == set()


def test_nobody_waits_for_what_is_not_about_the_trunk_any_more(store: Store) -> None:
    runs, removed, edited, queued = store.installation.runs.requests, *(store.make_trunk() for _ in range(3))
    ids = {trunk.id: runs.request(store.caller, trunk.id) for trunk in (removed, edited, queued)}
    for trunk in (removed, edited):
        assert store.claim(ids[trunk.id]) is not None
    assert runs.done_among(ids.values()) == set()
    store.installation.catalog.trunks.remove(store.caller, removed.id)
    # A queued run takes the configuration that it finds.
    for trunk in (edited, queued):
        store.edit(trunk.id)
    assert runs.done_among(ids.values()) == {ids[removed.id], ids[edited.id]}


@pytest.mark.parametrize("waited", ["unasked", "put-off"])
def test_what_a_customer_asks_for_now_is_not_taken_for_put_off(store: Store, waited: str) -> None:
    """A run that was put off goes by the route that was found before; he may have mended his DNS meanwhile."""
    trunk, requests = store.make_trunk(), store.installation.runs.requests
    if waited == "unasked":
        with store.installation.database.write() as session:
            queue_unasked(session, trunk, store.clock.now)
    else:
        first = store.claim(requests.request(store.caller, trunk.id))
        assert first is not None
        store.put_off(first, seconds=50)
    store.clock.advance(1)
    again = store.claim(requests.request(store.caller, trunk.id))
    assert again is not None
    assert not again.put_off
