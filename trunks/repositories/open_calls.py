"""Calls that may be up, by their Call-IDs."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, select

from trunks.models.base import UtcDateTime
from trunks.models.open_call import OpenCall
from trunks.repositories.among import among
from trunks.repositories.insert_or import insert_or_update
from trunks.repositories.repository import Repository

_ANY_LOST = select(OpenCall.id).where(OpenCall.lease_until <= bindparam("now", type_=UtcDateTime())).limit(1)


class OpenCallRows(Repository):
    def keep(self, call: Mapping[str, Any]) -> None:
        """Write a call down, or what ends it now: from then on it is this worker's, whoever had it."""
        insert_or_update(
            self._session,
            OpenCall,
            call,
            unique=["call_id"],
            changed=("ends", "claim_id", "lease_until"),
        )

    def forget(self, call_id: str, claim_id: UUID) -> None:
        """Remove a call that is over, unless another worker has it."""
        self._session.execute(
            delete(OpenCall)
            .where(OpenCall.call_id == call_id, OpenCall.claim_id == claim_id)
            .execution_options(synchronize_session=False)
        )

    def renew(self, call_ids: Collection[str], claim_id: UUID, lease_until: datetime) -> None:
        """Let a worker keep those of these that are its own."""
        these = among(self._session, OpenCall.call_id, call_ids)
        self._change(OpenCall, these & (OpenCall.claim_id == claim_id), lease_until=lease_until)

    def any_lost(self, now: datetime) -> bool:
        return self._is_so(_ANY_LOST, now=now)

    def lost(self, now: datetime, *, limit: int) -> Sequence[OpenCall]:
        """List those whose worker is gone, locked."""
        return self._session.scalars(
            select(OpenCall)
            .where(OpenCall.lease_until <= now)
            .order_by(OpenCall.lease_until)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()

    def remove(self, call: OpenCall) -> None:
        self._session.delete(call)
