"""Trunks whose stored credentials are to be proven again."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from trunks.models.trunk import Trunk
from trunks.repositories.repository import Repository


class Proofs(Repository):
    def any_due(self, now: datetime) -> bool:
        return self._exists(Trunk.next_proof_at <= now)

    def due(self, now: datetime, *, limit: int) -> Sequence[Trunk]:
        """List those that are due, the longest overdue first, locked."""
        return self._session.scalars(
            select(Trunk)
            .where(Trunk.next_proof_at <= now)
            .order_by(Trunk.next_proof_at)
            .limit(limit)
            .with_for_update(skip_locked=True, key_share=True, of=Trunk)
        ).all()
