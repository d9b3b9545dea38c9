"""The ladders of runs that are under way."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from trunks.models.live_ladder import LiveLadder
from trunks.models.trunk import Trunk
from trunks.models.verification import Verification, VerificationStatus
from trunks.repositories.insert_or import insert_or_update
from trunks.repositories.repository import Repository


class LiveLadders(Repository):
    def write(self, ladders: Mapping[UUID, list[Any]], now: datetime) -> None:
        """Write what is known by now of runs that are under way; those that are gone meanwhile are left out."""
        if not ladders:
            return
        standing = self._session.scalars(
            select(Verification.id)
            .where(Verification.id.in_(ladders), Verification.status == VerificationStatus.RUNNING)
            .order_by(Verification.id)
        )
        rows = [{"id": each, "written_at": now, "steps": ladders[each]} for each in standing]
        if rows:
            insert_or_update(
                self._session,
                LiveLadder,
                *rows,
                unique=["id"],
                changed=("written_at", "steps"),
            )

    def remove(self, verification_ids: Collection[UUID]) -> None:
        if verification_ids:
            self._session.execute(delete(LiveLadder).where(LiveLadder.id.in_(verification_ids)))

    def of(self, environment_id: UUID, verification_id: UUID) -> list[Any]:
        """Give the ladder of a run that is under way; empty where none is known."""
        found = self._session.scalar(
            select(LiveLadder.steps)
            .join(Verification, Verification.id == LiveLadder.id)
            .join(Trunk, Trunk.id == Verification.trunk_id)
            .where(
                LiveLadder.id == verification_id,
                Trunk.environment_id == environment_id,
                Verification.status == VerificationStatus.RUNNING,
            )
        )
        return found or []
