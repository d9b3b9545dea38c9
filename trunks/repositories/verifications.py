"""Verifications: every change is one conditional update, so that two processes never both make it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import aliased, undefer
from sqlalchemy.sql.elements import ColumnElement

from trunks.models.trunk import Trunk
from trunks.models.verification import Verification, VerificationStatus
from trunks.repositories.leases import lease_over, message_lost
from trunks.repositories.repository import Repository, in_parts

QUEUED, RUNNING, DONE = VerificationStatus.QUEUED, VerificationStatus.RUNNING, VerificationStatus.DONE


_OTHER = aliased(Verification)
# Composed once: each read of a trunk asks it, and to compose it costs more than to ask.
_LATEST_DONE = (
    select(Verification)
    .join(Trunk, Trunk.id == Verification.trunk_id)
    .where(
        Trunk.id.in_(bindparam("trunk_ids", expanding=True)),
        Verification.id
        == select(_OTHER.id)
        .where(_OTHER.trunk_id == Trunk.id, _OTHER.generation == Trunk.generation, _OTHER.status == DONE)
        .order_by(_OTHER.id.desc())
        .limit(1)
        .correlate(Trunk)
        .scalar_subquery(),
    )
)


class Verifications(Repository):
    def add(self, verification: Verification) -> None:
        self._session.add(verification)

    def trunk_of(self, verification_id: UUID) -> UUID | None:
        return self._session.scalar(select(Verification.trunk_id).where(Verification.id == verification_id))

    def of(self, trunk_id: UUID, verification_id: UUID) -> Verification | None:
        """Find a run, with its report."""
        return self._session.scalar(
            select(Verification)
            .where(Verification.id == verification_id, Verification.trunk_id == trunk_id)
            .options(undefer(Verification.report))
        )

    def page(self, trunk_id: UUID, *, limit: int, before: UUID | None) -> Sequence[Verification]:
        """List a trunk's runs, newest first, from the one before `before` on."""
        query = select(Verification).where(Verification.trunk_id == trunk_id)
        return self._newest(query, Verification, limit=limit, before=before)

    def latest_done_of(self, trunks: Sequence[Trunk]) -> Mapping[UUID, Verification]:
        """Find the last run that is done of each trunk as it is configured now, by the trunk's id."""
        found = self._session.scalars(_LATEST_DONE, {"trunk_ids": [trunk.id for trunk in trunks]})
        return {verification.trunk_id: verification for verification in found}

    def open_of(self, trunk_id: UUID, generation: int) -> Verification | None:
        """Find a run that is queued, or that runs with this generation: a queued one takes the one it finds."""
        waits = Verification.status == QUEUED
        runs = (Verification.status == RUNNING) & (Verification.generation == generation)
        return self._session.scalar(
            select(Verification)
            .where(Verification.trunk_id == trunk_id, waits | runs)
            .order_by(Verification.due_at, Verification.id)
            .limit(1)
        )

    def claim(self, verification_id: UUID, now: datetime, values: Mapping[str, Any]) -> bool:
        """Make a queued run that is due ours; false when another was first."""
        due = (Verification.status == QUEUED) & (Verification.due_at <= now)
        values = {"status": RUNNING, "auth_sent_at": None, **values}
        return self._change(Verification, Verification.id == verification_id, due, **values)

    def change_claimed(self, verification_id: UUID, claim_id: UUID, values: Mapping[str, Any]) -> bool:
        """Change a run that is still ours; false when its lease was lost and another has it, or ended it."""
        return self._change(Verification, _claimed(verification_id, claim_id), **values)

    def claimed(self, verification_id: UUID, claim_id: UUID) -> Verification | None:
        """Find a run that is still ours, locked."""
        found = select(Verification).where(_claimed(verification_id, claim_id))
        return self._session.scalar(found.with_for_update())

    def expired(self, now: datetime, *, limit: int) -> Sequence[Verification]:
        """List running ones whose lease is over, locked."""
        return lease_over(self._session, Verification, Verification.status == RUNNING, now, limit=limit)

    def message_lost(self, now: datetime, *, limit: int) -> Sequence[Verification]:
        """List due ones that nobody claimed since their message was sent, locked."""
        due = (Verification.status == QUEUED) & (Verification.due_at <= now)
        return message_lost(self._session, Verification, due, now, limit=limit)

    def done_among(self, ids: Collection[UUID]) -> set[UUID]:
        found: set[UUID] = set()
        for part in in_parts(ids):
            done = select(Verification.id).where(Verification.id.in_(part), Verification.status == DONE)
            found.update(self._session.scalars(done))
        return found


def _claimed(verification_id: UUID, claim_id: UUID) -> ColumnElement[bool]:
    run = Verification
    return (run.id == verification_id) & (run.status == RUNNING) & (run.claim_id == claim_id)
