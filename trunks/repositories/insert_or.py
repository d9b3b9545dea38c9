"""INSERT … ON CONFLICT, which SQLite and PostgreSQL spell alike and SQLAlchemy does not."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from trunks.ids import new_id
from trunks.models.base import Base
from trunks.repositories.value_rows import Values, entered, side_by_side


def insert_or_ignore(session: Session, model: type[Base], *rows: Values, unique: Sequence[str]) -> bool:
    """Insert rows, leaving those that are there by the `unique` columns; true when one was inserted.

    Where another transaction inserts the same at this moment, wait for its end.
    """
    statement = _insert(session, model)
    inserted = session.execute(
        statement.on_conflict_do_nothing(index_elements=unique).returning(statement.table.c.id), rows
    )
    return inserted.first() is not None


def insert_or_update(
    session: Session,
    model: type[Base],
    *rows: Values,
    unique: Sequence[str],
    changed: Callable[[Any], Values],
) -> None:
    """Insert rows, changing those that are there; `changed` is given what would have been inserted, by column.

    All rows name the same columns, and no two are the same by the `unique` ones.
    """
    statement = _insert(session, model)
    excluded = statement.excluded
    table: Table = model.__table__  # type: ignore[assignment]
    parameters: Any = rows
    if session.get_bind().dialect.name == "postgresql" and len(rows) > 1:
        shape, parameters = side_by_side(table, [{"id": new_id(), **row} for row in rows], key="id")
        statement = entered(statement, shape)
    session.execute(
        statement.on_conflict_do_update(index_elements=unique, set_=changed(excluded)), parameters
    )


def _insert(session: Session, model: type[Base]) -> Any:
    return _plain_insert(session.get_bind().dialect.name, model)


@cache
def _plain_insert(dialect_name: str, model: type[Base]) -> Any:
    """Statements are made of it and never change it; it keeps its `excluded`, which is dear to make."""
    dialect = postgresql if dialect_name == "postgresql" else sqlite
    # Into the table and not the class: what the mapper does beside it costs more than the rest.
    return dialect.insert(model.__table__)
