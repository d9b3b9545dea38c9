"""Requests that may come again: the first to insert a name has it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.sql.elements import ColumnElement

from trunks.models.idempotent_request import IdempotentRequest
from trunks.repositories.insert_or import insert_or_ignore
from trunks.repositories.repository import Repository


class IdempotentRequests(Repository):
    def insert(self, values: Mapping[str, Any]) -> bool:
        """Enter a request; false when its name is there, once whoever enters it at this moment has committed."""
        return insert_or_ignore(self._session, IdempotentRequest, values, unique=["name"])

    def locked(self, name: str) -> IdempotentRequest | None:
        """Find a request, locked."""
        return self._session.scalar(
            select(IdempotentRequest).where(IdempotentRequest.name == name).with_for_update()
        )

    def change_claimed(self, name: str, claim_id: UUID, values: Mapping[str, Any]) -> bool:
        """Change a request that is under way and still ours; false when its lease was lost to another."""
        return self._change(IdempotentRequest, _under_way(name, claim_id), **values)

    def give_up(self, name: str, claim_id: UUID) -> None:
        """Leave a request that is under way to anybody, if it is still ours: its lease ends where it began."""
        self.change_claimed(name, claim_id, {"lease_until": IdempotentRequest.created_at})

    def delete_older(self, than: datetime, *, limit: int) -> None:
        """Forget some of those that were entered before `than`; two who do so take different ones."""
        old = (
            select(IdempotentRequest.id)
            .where(IdempotentRequest.created_at <= than)
            .order_by(IdempotentRequest.created_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        self._session.execute(
            delete(IdempotentRequest)
            .where(IdempotentRequest.id.in_(old.scalar_subquery()))
            .execution_options(synchronize_session=False)
        )


def _under_way(name: str, claim_id: UUID) -> ColumnElement[bool]:
    row = IdempotentRequest
    return (row.name == name) & (row.claim_id == claim_id) & row.status.is_(None)
