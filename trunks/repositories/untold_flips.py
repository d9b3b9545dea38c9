"""Flips whose messages are not written yet."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, bindparam, select, update

from trunks.models.flip import UNTOLD, Flip
from trunks.models.trunk import Trunk
from trunks.models.verification import Verification
from trunks.repositories.among import among
from trunks.repositories.repository import Repository

_OLDEST = select(Flip.trunk_id).where(UNTOLD).order_by(Flip.id).limit(bindparam("most", type_=Integer()))


class UntoldFlips(Repository):
    def trunks(self, *, limit: int) -> set[UUID]:
        """Whose the oldest untold flips are."""
        return set(self._connection.execute(_OLDEST, {"most": limit}).scalars())

    def locked(self, trunk_ids: Collection[UUID]) -> Mapping[UUID, Trunk]:
        """Find trunks and let nobody write to them, but for those that somebody writes to at this moment."""
        rows = self._session.scalars(
            select(Trunk)
            .where(among(self._session, Trunk.id, trunk_ids))
            .order_by(Trunk.id)
            .with_for_update(key_share=True, of=Trunk, skip_locked=True)
        )
        return {trunk.id: trunk for trunk in rows}

    def of(self, trunk_ids: Collection[UUID]) -> Mapping[UUID, list[Flip]]:
        """List the untold flips of trunks that this transaction keeps, each trunk's oldest first."""
        found: dict[UUID, list[Flip]] = defaultdict(list)
        rows = self._session.scalars(
            select(Flip).where(UNTOLD, among(self._session, Flip.trunk_id, trunk_ids)).order_by(Flip.id)
        )
        for flip in rows:
            found[flip.trunk_id].append(flip)
        return found

    def told(self, flip_ids: Collection[UUID]) -> None:
        self._session.execute(
            update(Flip)
            .where(among(self._session, Flip.id, flip_ids))
            .values(untold=False)
            .execution_options(synchronize_session=False)
        )

    def report(self, verification_id: UUID) -> Mapping[str, Any] | None:
        """What a run's row keeps as its report."""
        return self._session.scalar(select(Verification.report).where(Verification.id == verification_id))

    def runs(self, verification_ids: Collection[UUID]) -> Sequence[Verification]:
        """Find the runs that made flips."""
        return self._session.scalars(
            select(Verification).where(among(self._session, Verification.id, verification_ids))
        ).all()
