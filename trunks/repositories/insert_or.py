"""INSERT … ON CONFLICT, which SQLite and PostgreSQL spell alike and SQLAlchemy does not."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from trunks.ids import new_id
from trunks.models.base import Base
from trunks.repositories.value_rows import RowShape, Values, entered, side_by_side

# The columns that take what would have been inserted; or a function that makes a row's new values of it: the same one
# each time, since statements are kept by it.
Changed = tuple[str, ...] | Callable[[Any], Values]

Row = TypeVar("Row", bound=Base)

# There are as many as kinds of rows, and of each some shapes.
_STATEMENTS_KEPT = 500


def insert_or_ignore(session: Session, model: type[Base], *rows: Values, unique: Sequence[str]) -> bool:
    """Insert rows, leaving those that are there by the `unique` columns; true when one was inserted.

    Where another transaction inserts the same at this moment, wait for its end.
    """
    statement = _ignoring(_dialect_name(session), model, tuple(unique))
    return session.connection().execute(statement, rows).first() is not None


def insert_or_update(
    session: Session, model: type[Base], *rows: Values, unique: Sequence[str], changed: Changed
) -> None:
    """Insert rows, changing those that are there; `changed` is given what would have been inserted, by column.

    All rows name the same columns, and no two are the same by the `unique` ones.
    """
    name = _dialect_name(session)
    shape: RowShape | None = None
    parameters: Any = rows
    if name == "postgresql" and len(rows) > 1:
        shape, parameters = side_by_side(model.__table__, [{"id": new_id(), **row} for row in rows], key="id")
    statement = _changing(name, model, shape, tuple(unique), changed)
    session.connection().execute(statement, parameters)


def insert_or_update_one(
    session: Session, model: type[Row], row: Values, *, unique: Sequence[str], changed: tuple[str, ...]
) -> Row:
    """The same for one row, and give it as it stands now."""
    statement = _changing_one(_dialect_name(session), model, tuple(unique), changed)
    found: Row = session.scalars(statement, row).one()
    return found


def _dialect_name(session: Session) -> str:
    return session.get_bind().dialect.name


@lru_cache(_STATEMENTS_KEPT)
def _ignoring(dialect_name: str, model: type[Base], unique: tuple[str, ...]) -> Any:
    statement = _plain_insert(dialect_name, model)
    return statement.on_conflict_do_nothing(index_elements=unique).returning(statement.table.c.id)


@lru_cache(_STATEMENTS_KEPT)
def _changing(
    dialect_name: str,
    model: type[Base],
    shape: RowShape | None,
    unique: tuple[str, ...],
    changed: Changed,
) -> Any:
    statement = _plain_insert(dialect_name, model)
    new = statement.excluded
    values = {name: new[name] for name in changed} if isinstance(changed, tuple) else changed(new)
    if shape is not None:
        statement = entered(statement, shape)
    return statement.on_conflict_do_update(index_elements=unique, set_=values)


@lru_cache(_STATEMENTS_KEPT)
def _changing_one(
    dialect_name: str, model: type[Base], unique: tuple[str, ...], changed: tuple[str, ...]
) -> Any:
    statement = _changing(dialect_name, model, None, unique, changed)
    return select(model).from_statement(statement.returning(*model.__table__.c))


def _plain_insert(dialect_name: str, model: type[Base]) -> Any:
    dialect = postgresql if dialect_name == "postgresql" else sqlite
    # Into the table and not the class: what the mapper does beside it costs more than the rest.
    return dialect.insert(model.__table__)
