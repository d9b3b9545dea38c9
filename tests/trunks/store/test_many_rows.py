"""Many rows are written alike on both engines: each as it was given, and what was left out by its default."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Boolean, Column, Integer, MetaData, String, Table, Uuid, select
from sqlalchemy.orm import Session

from trunks.ids import new_id
from trunks.repositories.many_rows import change_large_rows, change_rows, enter_rows
from trunks.store.database import Database, JsonText

pytestmark = pytest.mark.peers

ENGINES = ("sqlite", "postgresql")
TABLE = Table(
    "things",
    MetaData(),
    Column("id", Uuid(), primary_key=True, default=new_id),
    Column("name", String(40)),
    Column("size", Integer()),
    Column("said", JSON(none_as_null=True)),
    Column("untold", Boolean(), default=True),
)

Row = dict[str, Any]


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'things.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("empty_postgres_url")
    with closing(Database(url)) as database:
        TABLE.metadata.create_all(database.engine)
        yield database


def things(session: Session) -> list[Row]:
    named = (TABLE.c.name, TABLE.c.size, TABLE.c.said, TABLE.c.untold)
    return [dict(row._mapping) for row in session.execute(select(*named).order_by(TABLE.c.name))]


def made(name: str, size: int | None = None, said: object = None) -> Row:
    return {"name": name, "size": size, "said": said}


ENTERED: tuple[Sequence[Row], ...] = (
    [],
    [made("alone", 1, {"a": [1, "é", None]})],
    [made("a", 1), made("b", None, {"key": 'a "quoted", one'}), made("c", 3, [1, 2])],
    [made("a", 7, {"same": 1}), made("b", 7, {"same": 1})],
)


@pytest.mark.parametrize("rows", ENTERED, ids=["none", "one", "several", "alike"])
def test_rows_are_entered_as_they_are_given(database: Database, rows: Sequence[Row]) -> None:
    with database.write() as session:
        enter_rows(session, TABLE, rows)
        assert things(session) == [{**row, "untold": True} for row in rows]
        assert len(set(session.scalars(select(TABLE.c.id)))) == len(rows)


CHANGES: tuple[tuple[str, dict[str, Row], dict[str, Row]], ...] = (
    ("none", {}, {}),
    ("one", {"b": {"size": 9}}, {"b": {"size": 9}}),
    ("a value for all", {"a": {"size": 5}, "c": {"size": 5}}, {"a": {"size": 5}, "c": {"size": 5}}),
    (
        "to nothing, and to JSON as text",
        {"a": {"said": None, "size": None}, "b": {"said": JsonText('{"k": "v,\\"w"}'), "size": 2}},
        {"a": {"said": None, "size": None}, "b": {"said": {"k": 'v,"w'}, "size": 2}},
    ),
)


@pytest.mark.parametrize("change", [change_rows, change_large_rows], ids=["together", "large"])
@pytest.mark.parametrize(("changes", "seen"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_each_row_is_changed_by_its_key(
    database: Database, change: Any, changes: dict[str, Row], seen: dict[str, Row]
) -> None:
    before = [made("a", 1, {"x": 1}), made("b", 2, {"x": 2}), made("c", 3)]
    with database.write() as session:
        enter_rows(session, TABLE, before)
        change(session, TABLE, [{"name": name, **row} for name, row in changes.items()], key="name")
        assert things(session) == [{**row, "untold": True, **seen.get(row["name"], {})} for row in before]
