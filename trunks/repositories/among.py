"""Rows of many ids in one statement: an array on PostgreSQL, single parameters on SQLite."""

from collections.abc import Callable, Collection
from functools import cache, partial
from typing import Any, TypeVar

from sqlalchemy import Executable, any_, bindparam, literal
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.elements import ColumnElement

from trunks.repositories.array_text import ArrayText

Statement = TypeVar("Statement", bound=Executable)
AnyColumn = ColumnElement[Any] | InstrumentedAttribute[Any]
Restrict = Callable[..., ColumnElement[bool]]

# Rows a transaction writes at most: SQLite has one writer and takes each id as a parameter.
_CHUNK_ROWS = {"sqlite": 200, "postgresql": 5000}


def among(session: Session, column: AnyColumn, values: Collection[Any]) -> ColumnElement[bool]:
    """Restrict a column to these ids or texts."""
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(literal(list(values), ArrayText(column.type)))
    return column.in_(list(values))


def composed(make: Callable[[Restrict], Statement]) -> Callable[[Session], Statement]:
    """Compose a statement about many rows once for each engine, and give the one for a session's.

    `make` is given what restricts a column to the ids or texts that are bound as `ids`, or by the name that it gives.
    What every run or check asks is composed so: to compose a statement anew costs several times as much as to run it.
    """

    @cache
    def of(by_array: bool) -> Statement:
        # At its first use: until all models are imported a foreign key has no type that what is bound could have.
        return make(partial(among_bound, by_array=by_array))

    return lambda session: of(session.get_bind().dialect.name == "postgresql")


def among_bound(column: AnyColumn, name: str = "ids", *, by_array: bool) -> ColumnElement[bool]:
    """Restrict a column to what is bound by this name."""
    if by_array:
        return column == any_(bindparam(name, type_=ArrayText(column.type)))
    return column.in_(bindparam(name, expanding=True))


def chunk_rows(session: Session) -> int:
    """How many rows one transaction may change."""
    return _CHUNK_ROWS[session.get_bind().dialect.name]
