"""Frozen credentials that nobody stands rejected by any more."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.sql.elements import ColumnElement

from sipcheck.reasons import CredentialState
from trunks.models.credential_freeze import CredentialFreeze
from trunks.models.trunk import Trunk
from trunks.repositories.among import among
from trunks.repositories.old_rows import Looked, Place
from trunks.repositories.repository import Repository


def _is_old(before: datetime) -> ColumnElement[bool]:
    freeze = CredentialFreeze
    return and_(
        or_(freeze.rejected_at.is_(None), freeze.rejected_at < before),
        or_(freeze.lease_until.is_(None), freeze.lease_until < before),
    )


class OldFreezes(Repository):
    def look(self, before: datetime, *, after: Place | None, limit: int) -> Looked:
        """Look at the next rows: those go that nothing happened to since a moment."""
        query = select(CredentialFreeze.id, _is_old(before)).order_by(CredentialFreeze.id).limit(limit)
        if after is not None:
            query = query.where(CredentialFreeze.id > after[1])
        found = self._session.execute(query).all()
        return Looked(
            [(None, row_id) for row_id, _ in found], [bool(old) for _, old in found], len(found) < limit
        )

    def rejected_trunks(self, *, after: UUID | None, limit: int) -> Sequence[Trunk]:
        """List trunks that stand rejected, in the order of their ids."""
        query = select(Trunk).where(Trunk.credentials == CredentialState.REJECTED)
        if after is not None:
            query = query.where(Trunk.id > after)
        return self._session.scalars(query.order_by(Trunk.id).limit(limit)).all()

    def remove(self, before: datetime, ids: Sequence[UUID], *, standing: Collection[str]) -> int:
        """Remove those of these that are still old, and of none of these accounts; give their number."""
        free = self._session.execute(
            select(CredentialFreeze.id, CredentialFreeze.account_key)
            .where(among(self._session, CredentialFreeze.id, ids), _is_old(before))
            .with_for_update(skip_locked=True)
        ).all()
        gone = [each.id for each in free if each.account_key not in standing]
        self._session.execute(
            delete(CredentialFreeze)
            .where(among(self._session, CredentialFreeze.id, gone))
            .execution_options(synchronize_session=False)
        )
        return len(gone)
