"""Which workers are counted as at work, on both engines."""

import pytest

from tests.trunks.forms import Store
from tests.trunks.retention.rows import clean_all, count
from trunks.ids import new_id
from trunks.installation.workers import SEEN_WITHIN, WorkersSeen
from trunks.models.worker import Worker

NONE = WorkersSeen(runs=0, health=0)


def enter(store: Store, *, does_runs: bool = True, checks_health: bool = True) -> None:
    store.installation.workers.note(new_id(), does_runs=does_runs, checks_health=checks_health)


@pytest.mark.parametrize(
    ("workers", "seen"),
    [
        ([], NONE),
        ([(True, True)], WorkersSeen(runs=1, health=1)),
        ([(True, False)], WorkersSeen(runs=1, health=0)),
        ([(False, True)], WorkersSeen(runs=0, health=1)),
        ([(False, False)], NONE),
        ([(True, True), (True, False), (False, True)], WorkersSeen(runs=2, health=2)),
    ],
)
def test_each_counts_for_what_it_does(
    store: Store, workers: list[tuple[bool, bool]], seen: WorkersSeen
) -> None:
    for does_runs, checks_health in workers:
        enter(store, does_runs=does_runs, checks_health=checks_health)
    assert store.installation.workers.seen() == seen


def test_one_that_was_killed_is_seen_no_more_and_its_row_goes(store: Store) -> None:
    enter(store)
    store.clock.advance(SEEN_WITHIN.total_seconds())
    assert store.installation.workers.seen().runs == 1
    store.clock.advance(1)
    assert store.installation.workers.seen() == NONE
    clean_all(store)
    assert count(store, Worker) == 1
    store.clock.advance(3600)
    clean_all(store)
    assert count(store, Worker) == 0


def test_one_that_renews_its_row_has_one_however_long_it_lives(store: Store) -> None:
    worker_id, book = new_id(), store.installation.workers
    for _ in range(100):
        book.note(worker_id, does_runs=True, checks_health=True)
        store.clock.advance(5)
    assert (count(store, Worker), book.seen()) == (1, WorkersSeen(runs=1, health=1))
    book.remove(worker_id)
    assert (count(store, Worker), book.seen()) == (0, NONE)


def test_one_whose_clock_was_ahead_does_not_live_on_for_so_long(store: Store) -> None:
    store.clock.advance(3600)
    enter(store)
    store.clock.advance(-3600)
    assert store.installation.workers.seen() == NONE
