"""Rows as the driver has them: read, copied and inserted many at once, past the mapping of types."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, text

Row = Mapping[str, Any]


class Rows:
    """Works inside a transaction of its caller. Names in statements are the schema's own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._is_postgresql = connection.dialect.name == "postgresql"

    def stored(self, value: UUID) -> UUID | str:
        """Give an id as this engine keeps it."""
        return value if self._is_postgresql else value.hex

    def stored_moment(self, at: datetime) -> datetime | str:
        """Give a moment in UTC as this engine keeps it."""
        return at if self._is_postgresql else at.strftime("%Y-%m-%d %H:%M:%S.%f")

    def has(self, table: Table, column: str, value: UUID) -> bool:
        return bool(self._found(table, column, value))

    def find(self, table: Table, column: str, value: UUID) -> Row:
        """Read the one row that has this value. Raises ValueError for none or several."""
        (row,) = self._found(table, column, value)
        return row

    def remove(self, table: Table, row_id: UUID) -> None:
        self._connection.execute(
            text(f"DELETE FROM {table.name} WHERE id = :id"),  # noqa: S608
            {"id": self.stored(row_id)},
        )

    def insert(self, table: Table, rows: Sequence[Row]) -> None:
        """Insert rows of the same columns: COPY on PostgreSQL, one prepared statement on SQLite."""
        if not rows:
            return
        columns = tuple(rows[0])
        names = f"{table.name} ({', '.join(columns)})"
        if self._is_postgresql:
            self._copy(f"COPY {names} FROM STDIN", rows, columns)
        else:
            places = ", ".join("?" for _ in columns)
            values = list(_values(rows, columns))
            self._connection.exec_driver_sql(f"INSERT INTO {names} VALUES ({places})", values)  # noqa: S608

    def _found(self, table: Table, column: str, value: UUID) -> Sequence[Row]:
        found = self._connection.execute(
            text(f"SELECT * FROM {table.name} WHERE {column} = :value"),  # noqa: S608
            {"value": self.stored(value)},
        )
        return [dict(row) for row in found.mappings()]

    def _copy(self, statement: str, rows: Sequence[Row], columns: Sequence[str]) -> None:
        driver: Any = self._connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for values in _values(rows, columns):
                copy.write_row(values)


def _values(rows: Sequence[Row], columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    return (tuple(row[column] for column in columns) for row in rows)
