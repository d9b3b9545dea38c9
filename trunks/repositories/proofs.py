"""Trunks whose stored credentials are to be proven again."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from sipcheck.diagnosis.evidence import Proof
from trunks.models.trunk import Trunk
from trunks.repositories.among import among
from trunks.repositories.repository import Repository

_NEVER_BROUGHT_FORWARD = (Proof.INVITE, Proof.NONE)


class Proofs(Repository):
    @staticmethod
    def may_be_brought_forward(proof: Proof) -> bool:
        """Whether an account that is doubted is proven at once."""
        return proof not in _NEVER_BROUGHT_FORWARD

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

    def bring_forward(self, trunk_ids: Collection[UUID], now: datetime) -> None:
        """Let these be proven now that are to be proven later; one that another writer keeps comes again.

        Not by a call: that is made once in an interval, and by nobody's doubt.
        """
        later = (
            select(Trunk.id)
            .where(
                among(self._session, Trunk.id, trunk_ids),
                Trunk.next_proof_at > now,
                Trunk.proof.not_in(_NEVER_BROUGHT_FORWARD),
            )
            .order_by(Trunk.id)
            .with_for_update(skip_locked=True, key_share=True, of=Trunk)
        )
        found = self._session.scalars(later).all()
        if found:
            self._session.execute(
                update(Trunk)
                .where(among(self._session, Trunk.id, found))
                .values(next_proof_at=now)
                .execution_options(synchronize_session=False)
            )
