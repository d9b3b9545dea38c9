"""What all rows share: column types that mean the same on SQLite and PostgreSQL, and the constraints' names."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, DateTime, Dialect, Enum, Index, MetaData, Table, TextClause, TypeDecorator, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from trunks.ids import new_id


class UtcDateTime(TypeDecorator[datetime]):
    """A moment; SQLite keeps no offset, so UTC is put on when reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn to UTC; a moment without offset is a mistake of ours."""
        if value is None or value.tzinfo is UTC:
            return value
        if value.tzinfo is None:
            raise ValueError("a moment without offset cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the moment in UTC."""
        if value is None or value.tzinfo is UTC:
            return value
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """A row."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        datetime: UtcDateTime(),
        UUID: Uuid(),
        # Not JSONB: it refuses the escape \u0000, which a peer's words may hold.
        dict[str, Any]: JSON(none_as_null=True),
    }

    if TYPE_CHECKING:
        # Every row of ours is of a table, and of no other selectable.
        __table__: ClassVar[Table]

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


def partial_index(name: str, *columns: str, where: TextClause) -> Index:
    """Index the rows for which this holds, which are few beside the others."""
    return Index(name, *columns, postgresql_where=where, sqlite_where=where)


def named(kind: type[StrEnum]) -> Enum:
    """A column of an enumeration, stored by its values, in a plain string that a later member fits too."""
    return Enum(
        kind, native_enum=False, length=64, values_callable=lambda members: [m.value for m in members]
    )
