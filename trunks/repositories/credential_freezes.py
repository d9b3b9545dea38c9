"""Frozen credentials: one row for all tenants and workers that hold the same ones."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select

from trunks.models.credential_freeze import CredentialFreeze
from trunks.repositories.among import composed
from trunks.repositories.insert_or import insert_or_update, insert_or_update_one
from trunks.repositories.many_rows import change_rows
from trunks.repositories.repository import Repository
from trunks.repositories.value_rows import Values

_TABLE = CredentialFreeze.__table__


_LOST = CredentialFreeze.claim_id.is_not(None) & (CredentialFreeze.lease_until <= bindparam("now"))

_OF_KEYS = composed(lambda among: select(CredentialFreeze).where(among(CredentialFreeze.key)))
_STANDING = composed(
    lambda among: select(CredentialFreeze).where(
        among(CredentialFreeze.account_key), CredentialFreeze.rejected_at.is_not(None) | _LOST
    )
)
_CLAIMED = composed(
    lambda among: (
        select(CredentialFreeze)
        .where(among(CredentialFreeze.claim_id))
        .order_by(CredentialFreeze.key)
        .with_for_update()
    )
)


class CredentialFreezes(Repository):
    def locked(self, keys: Mapping[str, str]) -> dict[str, CredentialFreeze]:
        """Find or make the rows of these credentials, `keys` with their account keys, locked in one order."""
        # An update, though it changes nothing: it locks a row, which another could remove before it is selected.
        rows = [{"key": key, "account_key": account_key} for key, account_key in sorted(keys.items())]
        if len(rows) == 1:
            only = insert_or_update_one(
                self._session, CredentialFreeze, rows[0], unique=["key"], changed=("account_key",)
            )
            return {only.key: only}
        insert_or_update(self._session, CredentialFreeze, *rows, unique=["key"], changed=("account_key",))
        found = self._session.scalars(_OF_KEYS(self._session), {"ids": list(keys)})
        return {freeze.key: freeze for freeze in found}

    def of_accounts(self, account_keys: Collection[str], now: datetime) -> Sequence[CredentialFreeze]:
        """List what stands against sending, of users and secrets at a domain, whatever the realm.

        It is what was rejected, and what runs sent that were lost before they said what came of it.
        """
        bound = {"ids": list(account_keys), "now": now}
        return self._session.scalars(_STANDING(self._session), bound).all()

    def claimed_by(self, claim_ids: Collection[UUID]) -> Sequence[CredentialFreeze]:
        """List what claims are sending, locked in one order."""
        return self._session.scalars(_CLAIMED(self._session), {"ids": list(claim_ids)}).all()

    def claim(self, claims: Iterable[Values]) -> None:
        """Claim rows that this transaction has locked, given by their columns; what was read of them stays."""
        change_rows(self._session, _TABLE, list(claims), key="id")

    def remove(self, freeze: CredentialFreeze) -> None:
        self._session.delete(freeze)
