"""What is seen over HTTP and of workers takes turns on the two engines; in the long tests each row meets both.

What such a test is about (a route, a field, a fault of a peer) is the same on SQLite and PostgreSQL. That each of the
store's rooms is right on either is tested at the store, whole (tests/trunks); that the path to it is, by whatever has
its turn. What is about the store itself, seen from outside, is run whole: what waits for it, locks it, or dies beside
it.
"""

from collections.abc import Mapping, Sequence
from math import prod
from zlib import crc32

import pytest

_PLACES = ("tests/api/", "tests/worker/")
_OF_THE_STORE = (
    "tests/api/middleware/test_idempotency.py",
    "tests/api/middleware/test_write_concurrency.py",
    "tests/api/test_any_json.py",
    "tests/api/test_beside_a_deletion.py",
    "tests/api/test_changed_meanwhile.py",
    "tests/api/test_edits_at_once.py",
    "tests/api/test_failed_edits.py",
    "tests/api/test_killed_creations.py",
    "tests/api/test_long_lists.py",
    "tests/api/test_row_locked.py",
    "tests/api/test_store_",
    "tests/api/test_waiter.py",
    "tests/api/test_writer_held.py",
    "tests/worker/test_broker_ping.py",
    "tests/worker/test_credentials_once.py",
    "tests/worker/test_run_desk.py",
    "tests/worker/test_store_away.py",
)
# What a store or a service is made by, with either engine.
_ENGINES = frozenset({"store_settings", "form_settings"})
_LONG_TABLE = 4


def is_for_the_long_run(item: pytest.Item) -> bool:
    """Say whether it is this row's turn on the other engine."""
    if not isinstance(item, pytest.Function) or not item.nodeid.startswith(_PLACES):
        return False
    tables = [mark.args for mark in item.iter_markers("parametrize")]
    if any(not _ENGINES.isdisjoint(_names(names)) for names, *_ in tables):
        return False
    rows = prod(len(rows) for _, rows, *_ in tables)
    if not hasattr(item, "callspec") or (rows < _LONG_TABLE and item.nodeid.startswith(_OF_THE_STORE)):
        return False
    return others_turn(item.originalname, item.callspec.indices, rows)


def others_turn(test: str, place: Mapping[str, int], rows: int) -> bool:
    """Say whether a row of so many is the other engine's; `place` are the numbers of the row and of the engine.

    The first row of a short table has either, by the test's name: of tests with one row, each engine meets a half.
    """
    first = crc32(test.encode()) if rows < _LONG_TABLE else 0
    return not _ENGINES.isdisjoint(place) and (first + sum(place.values())) % 2 == 1


def _names(given: str | Sequence[str]) -> list[str]:
    return [name.strip() for name in given.split(",")] if isinstance(given, str) else list(given)
