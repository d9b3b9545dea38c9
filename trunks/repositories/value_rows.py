"""Many rows of values in one statement on PostgreSQL: a column that differs is an array, one that does not a value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Insert, Table, TableValuedAlias, bindparam, column, func, select

from trunks.repositories.array_text import ArrayText

Values = Mapping[str, Any]

# Which columns differ is another question for each kind of change, and for few of them another each time.
_SHAPES_KEPT = 500


@dataclass(frozen=True, slots=True)
class RowShape:
    """Which columns rows have, and which of these are arrays: what is composed for one serves all that are alike."""

    table: Table
    columns: tuple[str, ...]
    arrays: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ValueRows:
    """`rows` is what a statement selects from, `values` each column's expression there."""

    rows: TableValuedAlias
    values: dict[str, ColumnElement[Any]]


def side_by_side(table: Table, rows: Sequence[Values], *, key: str) -> tuple[RowShape, dict[str, Any]]:
    """Stand rows side by side: their shape, and what is bound to it.

    All rows name the same columns of one table, `key` among them, by which each is one alone.
    """
    first = rows[0]
    arrays: list[str] = []
    bound: dict[str, Any] = {}
    for name, value in first.items():
        of_column = [row[name] for row in rows]
        if name != key and of_column.count(value) == len(of_column):
            bound[bound_name(name)] = value
        else:
            bound[bound_name(name)] = of_column
            arrays.append(name)
    return RowShape(table, tuple(first), tuple(arrays)), bound


@lru_cache(_SHAPES_KEPT)
def value_rows(shape: RowShape) -> ValueRows:
    """Compose what rows of this shape are selected from."""
    types = {name: shape.table.c[name].type for name in shape.columns}
    unnested = func.unnest(
        *(bindparam(bound_name(name), type_=ArrayText(types[name])) for name in shape.arrays)
    )
    new = unnested.table_valued(*(column(name, types[name]) for name in shape.arrays)).render_derived(
        name="new"
    )
    values = {name: bindparam(bound_name(name), type_=types[name]) for name in shape.columns}
    return ValueRows(new, {**values, **{name: new.c[name] for name in shape.arrays}})


def entered(statement: Insert, shape: RowShape) -> Insert:
    """Have an INSERT take rows of this shape."""
    values = value_rows(shape).values
    # The default of a column would be one value for all of them.
    return statement.from_select(list(values), select(*values.values()), include_defaults=False)


def bound_name(column_name: str) -> str:
    """Name what is bound of a column."""
    return f"rows_{column_name}"
