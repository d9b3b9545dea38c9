"""Many rows of values in one statement on PostgreSQL: a column that differs is an array, one that does not a value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, JSON, ColumnElement, Table, TableValuedAlias, bindparam, column, func

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ValueRows:
    """`rows` is what a statement selects from, `values` each column's expression there, `parameters` what is bound.

    All rows name the same columns of one table, `key` among them, by which each is one alone.
    """

    rows: TableValuedAlias
    values: dict[str, ColumnElement[Any]]
    parameters: dict[str, Any]


def value_rows(table: Table, rows: Sequence[Values], *, key: str) -> ValueRows | None:
    """Stand these rows side by side; None where a column has no array to stand in, as JSON has none."""
    first = rows[0]
    if any(isinstance(table.c[name].type, JSON) for name in first):
        return None
    arrays: list[str] = []
    parameters: dict[str, Any] = {}
    values: dict[str, ColumnElement[Any]] = {}
    for name, value in first.items():
        bound = f"rows_{name}"
        if name != key and all(row[name] == value for row in rows):
            parameters[bound] = value
            values[name] = bindparam(bound, type_=table.c[name].type)
        else:
            parameters[bound] = [row[name] for row in rows]
            arrays.append(name)
    unnested = func.unnest(*(bindparam(f"rows_{name}", type_=ARRAY(table.c[name].type)) for name in arrays))
    new = unnested.table_valued(*(column(name, table.c[name].type) for name in arrays)).render_derived(
        name="new"
    )
    return ValueRows(new, values | {name: new.c[name] for name in arrays}, parameters)
