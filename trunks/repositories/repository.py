"""What all repositories share: the session of their caller's transaction, and the statements that many of them make."""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Select, exists, func, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from trunks.models.base import Base

Row = TypeVar("Row", bound=Base)

# SQLite takes 32,766 parameters a statement; more ids than this are asked for in parts.
_IDS_PER_QUESTION = 500

Id = TypeVar("Id")


class Repository:
    """Works inside a transaction of its caller."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def _connection(self) -> Connection:
        """The transaction beside the session: it reads rows and no entities, and does not flush before."""
        return self._session.connection()

    @property
    def _is_postgresql(self) -> bool:
        return self._session.get_bind().dialect.name == "postgresql"

    def _all(self, model: type[Row], *conditions: ColumnElement[bool]) -> Sequence[Row]:
        return self._session.scalars(select(model).where(*conditions)).all()

    def _exists(self, *conditions: ColumnElement[bool]) -> bool:
        return bool(self._session.scalar(select(exists().where(*conditions))))

    def _is_so(self, question: Select[Any], **bound: Any) -> bool:
        """Ask what was composed once, as what each worker asks each second; it is so where there is a row, unless false
        stands there.
        """
        return bool(self._connection.scalar(question, bound))

    def _count(self, *conditions: ColumnElement[bool]) -> int:
        return self._session.scalar(select(func.count()).where(*conditions)) or 0

    def _change(self, model: type[Base], *conditions: ColumnElement[bool], **values: Any) -> bool:
        """Change the rows that fulfil the conditions; false when none does."""
        changed = self._session.execute(
            update(model)
            .where(*conditions)
            .values(**values)
            .returning(model.id)
            .execution_options(synchronize_session=False)
        )
        return changed.first() is not None

    def _newest(
        self, query: Select[Row], model: type[Row], *, limit: int, before: UUID | None
    ) -> Sequence[Row]:
        """List rows, newest first, from the one before `before` on."""
        if before is not None:
            query = query.where(model.id < before)
        return self._session.scalars(query.order_by(model.id.desc()).limit(limit)).all()


def in_parts(ids: Collection[Id]) -> Iterator[list[Id]]:
    """Cut ids into lists that a statement takes as single parameters."""
    left = iter(ids)
    while part := list(islice(left, _IDS_PER_QUESTION)):
        yield part
