"""INSERT … ON CONFLICT, which SQLite and PostgreSQL spell alike and SQLAlchemy does not."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from trunks.models.base import Base

Values = Mapping[str, Any]


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
    """Insert rows, changing those that are there; `changed` is given what would have been inserted, by column."""
    statement = _insert(session, model)
    session.execute(
        statement.on_conflict_do_update(index_elements=unique, set_=changed(statement.excluded)), rows
    )


def _insert(session: Session, model: type[Base]) -> Any:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    # Into the table and not the class: what the mapper does beside it costs more than the rest.
    return dialect.insert(model.__table__)
