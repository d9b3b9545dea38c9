"""Rows of long tables over HTTP and of workers take turns on the two engines; in the long tests each row meets both.

What a row of such a table is about (a field, a word, a fault of a peer) is the same on SQLite and PostgreSQL; that the
path to the store is right on either is seen by every other row. Short tables, and the store's own, are run whole.
"""

from collections.abc import Mapping, Sequence
from math import prod

import pytest

_PLACES = ("tests/api/", "tests/worker/")
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
    return hasattr(item, "callspec") and others_turn(item.callspec.indices, rows)


def others_turn(place: Mapping[str, int], rows: int) -> bool:
    """Say whether a row of so many is the other engine's; `place` are the numbers of the row and of the engine."""
    return rows >= _LONG_TABLE and not _ENGINES.isdisjoint(place) and sum(place.values()) % 2 == 1


def _names(given: str | Sequence[str]) -> list[str]:
    return [name.strip() for name in given.split(",")] if isinstance(given, str) else list(given)
