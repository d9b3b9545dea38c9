"""Many rows written at once: by one statement with arrays on PostgreSQL, by one for each row on SQLite."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Insert, Table, Update, bindparam, insert, update
from sqlalchemy.orm import Session

from trunks.repositories.value_rows import RowShape, Values, bound_name, entered, side_by_side, value_rows

# There are as many as kinds of change.
_STATEMENTS_KEPT = 500


def change_rows(session: Session, table: Table, rows: Sequence[Values], *, key: str) -> None:
    """Change rows by their `key`; all name the same columns of one table."""
    if not rows:
        return
    if session.get_bind().dialect.name == "postgresql":
        shape, bound = side_by_side(table, rows, key=key)
        session.connection().execute(_change_together(shape, key), bound)
        return
    change_large_rows(session, table, rows, key=key)


def change_large_rows(session: Session, table: Table, rows: Sequence[Values], *, key: str) -> None:
    """The same where a row has kilobytes: to write and read them as parts of an array costs more than it spares."""
    if not rows:
        return
    each = _change_each(table, tuple(rows[0]), key)
    session.connection().execute(each, [_of_row(row, key) for row in rows])


def change_row(session: Session, table: Table, row: Values, *, key: str, where: Values) -> bool:
    """Change one row by its `key` if it has these values besides; whether it has."""
    statement = _change_fenced(table, tuple(row), key, tuple(where))
    bound = _of_row(row, key) | {f"has_{name}": value for name, value in where.items()}
    return session.connection().execute(statement, bound).first() is not None


def change_columns(
    session: Session,
    table: Table,
    different: Mapping[str, Sequence[Any]],
    same: Mapping[str, Any],
    *,
    key: str,
) -> None:
    """The same, given column by column: what is different, `key` among it, and what is the same for all."""
    if session.get_bind().dialect.name == "postgresql":
        shape = RowShape(table, (*different, *same), tuple(different))
        bound = {bound_name(name): values for name, values in (*different.items(), *same.items())}
        session.connection().execute(_change_together(shape, key), bound)
        return
    names, alike = list(_of_row(different, key)), _of_row(same, key)
    rows = [
        dict(zip(names, values, strict=True), **alike) for values in zip(*different.values(), strict=True)
    ]
    session.connection().execute(_change_each(table, (*different, *same), key), rows)


def enter_rows(session: Session, table: Table, rows: Sequence[Values]) -> None:
    """Insert rows, which all name the same columns of one table; what they leave out has its default."""
    if not rows:
        return
    defaults = _defaults(table, tuple(rows[0]))
    whole = [{**row, **{name: make() for name, make in defaults.items()}} for row in rows]
    if session.get_bind().dialect.name == "postgresql" and len(rows) > 1:
        shape, bound = side_by_side(table, whole, key="id")
        session.connection().execute(_enter_together(shape), bound)
        return
    session.connection().execute(_enter_each(table), whole)


@lru_cache(_STATEMENTS_KEPT)
def _change_together(shape: RowShape, key: str) -> Update:
    values = value_rows(shape).values
    return (
        update(shape.table)
        .where(shape.table.c[key] == values[key])
        .values({name: values[name] for name in shape.columns if name != key})
    )


@lru_cache(_STATEMENTS_KEPT)
def _change_each(table: Table, columns: tuple[str, ...], key: str) -> Update:
    return (
        update(table)
        .where(table.c[key] == bindparam("of_row"))
        .values({name: bindparam(f"new_{name}") for name in columns if name != key})
    )


@lru_cache(_STATEMENTS_KEPT)
def _change_fenced(table: Table, columns: tuple[str, ...], key: str, fence: tuple[str, ...]) -> Any:
    conditions = [table.c[name] == bindparam(f"has_{name}") for name in fence]
    return _change_each(table, columns, key).where(*conditions).returning(table.c[key])


def _of_row(row: Values, key: str) -> dict[str, Any]:
    return {("of_row" if name == key else f"new_{name}"): value for name, value in row.items()}


@lru_cache(_STATEMENTS_KEPT)
def _enter_together(shape: RowShape) -> Insert:
    return entered(insert(shape.table), shape)


@lru_cache(_STATEMENTS_KEPT)
def _enter_each(table: Table) -> Insert:
    return insert(table)


@lru_cache(_STATEMENTS_KEPT)
def _defaults(table: Table, given: tuple[str, ...]) -> dict[str, Callable[[], Any]]:
    """What makes the values of the columns that are not given."""
    missing = [column for column in table.columns if column.name not in given and column.default is not None]
    return {column.name: _made_by(column.default) for column in missing}


def _made_by(default: Any) -> Callable[[], Any]:
    if default.is_callable:
        # It is given what the statement is about, and looks at nothing of it.
        return lambda: default.arg(None)
    return lambda: default.arg
