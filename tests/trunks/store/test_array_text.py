"""What is sent as an array in one piece of text is what PostgreSQL reads."""

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import JSON, Boolean, Float, Integer, String, Uuid, bindparam, func, select
from sqlalchemy.exc import StatementError
from sqlalchemy.types import TypeEngine

from sipcheck.reasons import Reason
from trunks.models.base import UtcDateTime, named
from trunks.repositories.array_text import ArrayText
from trunks.store.database import Database

pytestmark = pytest.mark.peers

NOON = datetime(2026, 11, 30, 12, 0, 0, 120, tzinfo=UTC)

WORDS = (
    "plain",
    "",
    "NULL",
    "null",
    'a "quoted" one',
    "back\\slash",
    "{brace}",
    "a,b",
    " blank ",
    "line\nline",
    "ä ☎ 😀",
    "'; --",
)
# A column's type and what is sent of it; None stands among all of them.
ROWS: tuple[tuple[str, TypeEngine[Any], Sequence[Any]], ...] = (
    ("ids", Uuid(), [UUID(int=0), UUID(int=2**128 - 1), UUID("0199f0a1-0000-7000-8000-00000000000a")]),
    ("words", String(), WORDS),
    ("numbers", Integer(), [0, -1, 2**31 - 1]),
    ("measures", Float(), [0.0, -1.5, 0.1, 1e-300, 1.7976931348623157e308, float("inf")]),
    ("answers", Boolean(), [True, False]),
    ("moments", UtcDateTime(), [NOON, datetime.min.replace(year=1000, tzinfo=UTC)]),
    ("members", named(Reason), [Reason.ALIVE, Reason.NO_RESPONSE]),
    (
        "objects",
        JSON(none_as_null=True),
        [{}, {"edges": [["a.example", word] for word in WORDS]}, {"n": 1.5}],
    ),
)


def sent_and_read(url: str, kind: TypeEngine[Any], values: Sequence[Any]) -> list[Any]:
    sent = func.unnest(bindparam("values", type_=ArrayText(kind)), type_=kind).column_valued("each")
    with closing(Database(url)) as database, database.read() as session:
        return list(session.execute(select(sent), {"values": values}).scalars())


def test_all_that_is_sent_is_read_as_it_was(postgres_url: str) -> None:
    for name, kind, values in ROWS:
        for given in ([], [None], [*values, None]):
            assert sent_and_read(postgres_url, kind, given) == given, name


def test_a_moment_of_another_zone_is_the_same_moment(postgres_url: str) -> None:
    there = NOON.astimezone(timezone(timedelta(hours=-3)))
    assert sent_and_read(postgres_url, UtcDateTime(), [there]) == [NOON]


def test_what_no_column_takes_is_a_mistake_of_ours(postgres_url: str) -> None:
    with pytest.raises(StatementError, match="the kind object"):
        sent_and_read(postgres_url, String(), [object()])
