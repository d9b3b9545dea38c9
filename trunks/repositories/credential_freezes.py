"""Frozen credentials: one row for all tenants and workers that hold the same ones."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from trunks.models.credential_freeze import CredentialFreeze
from trunks.repositories.insert_or import insert_or_update
from trunks.repositories.repository import Repository


class CredentialFreezes(Repository):
    def locked(self, key: str, account_key: str) -> CredentialFreeze:
        """Find or make the row of these credentials, locked."""
        # An update, though it changes nothing: it locks the row, which another could remove before it is selected.
        insert_or_update(
            self._session,
            CredentialFreeze,
            {"key": key, "account_key": account_key},
            unique=["key"],
            changed=lambda new: {"account_key": new.account_key},
        )
        return self._session.scalars(select(CredentialFreeze).where(CredentialFreeze.key == key)).one()

    def rejected_of(self, account_key: str) -> Sequence[CredentialFreeze]:
        """List the freezes of a user and secret at a domain, whatever the realm."""
        rejected = CredentialFreeze.rejected_at.is_not(None)
        return self._all(CredentialFreeze, CredentialFreeze.account_key == account_key, rejected)

    def unsettled_of(self, account_key: str, now: datetime) -> Sequence[CredentialFreeze]:
        """List what runs sent of a user and secret at a domain that were lost before they said what came of it."""
        return self._all(
            CredentialFreeze,
            CredentialFreeze.account_key == account_key,
            CredentialFreeze.claim_id.is_not(None),
            CredentialFreeze.lease_until <= now,
        )

    def claimed_by(self, claim_id: UUID) -> Sequence[CredentialFreeze]:
        """List what a claim is sending, locked."""
        return self._session.scalars(
            select(CredentialFreeze)
            .where(CredentialFreeze.claim_id == claim_id)
            .order_by(CredentialFreeze.key)
            .with_for_update()
        ).all()

    def remove(self, freeze: CredentialFreeze) -> None:
        self._session.delete(freeze)
