"""Rows of many ids in one statement: an array on PostgreSQL, single parameters on SQLite."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import String, Uuid, any_, bindparam, literal
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.elements import ColumnElement

from trunks.repositories.array_text import ArrayText

# Rows a transaction writes at most: SQLite has one writer and takes each id as a parameter.
_CHUNK_ROWS = {"sqlite": 200, "postgresql": 5000}


def among(
    session: Session,
    column: InstrumentedAttribute[UUID] | InstrumentedAttribute[UUID | None],
    ids: Collection[UUID],
) -> ColumnElement[bool]:
    """Restrict a column to these ids."""
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(literal(list(ids), ArrayText(Uuid())))
    return column.in_(list(ids))


def among_bound(column: ColumnElement[UUID], *, by_array: bool) -> ColumnElement[bool]:
    """The same for a statement that is composed once: the ids are bound as `ids`."""
    if by_array:
        return column == any_(bindparam("ids", type_=ArrayText(Uuid())))
    return column.in_(bindparam("ids", expanding=True))


def among_texts(
    session: Session, column: InstrumentedAttribute[str], texts: Collection[str]
) -> ColumnElement[bool]:
    """Restrict a column to these texts."""
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(literal(list(texts), ArrayText(String())))
    return column.in_(list(texts))


def chunk_rows(session: Session) -> int:
    """How many rows one transaction may change."""
    return _CHUNK_ROWS[session.get_bind().dialect.name]
