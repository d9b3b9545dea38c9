"""Frozen credentials are kept as long as a trunk stands rejected by them, and for some time at least."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.errors import TargetInvalid
from trunks.errors import SecretUnreadable
from trunks.models.trunk import Trunk
from trunks.repositories.old_freezes import OldFreezes
from trunks.repositories.old_rows import Looked, Place
from trunks.runs.claimed_run import claimed_gateways
from trunks.secrets.secret_box import SecretBox
from trunks.tenancy.installation_keys import InstallationKeyring

_TRUNKS_AT_ONCE = 200


class Freezes:
    """A freeze names no trunk: which accounts stand rejected is worked out from the trunks that do."""

    table = "credential_freezes"
    rows_at_once = 50

    def __init__(self, secrets: SecretBox, own_keys: InstallationKeyring, keep: timedelta) -> None:
        self._secrets = secrets
        self._own_keys = own_keys
        self._keep = keep
        self._standing: frozenset[str] = frozenset()

    def look(self, session: Session, now: datetime, *, after: Place | None, limit: int) -> Looked:
        looked = OldFreezes(session).look(now - self._keep, after=after, limit=limit)
        if looked.old:
            try:
                self._standing = frozenset(self._accounts(session))
            except SecretUnreadable:
                # Nobody knows whose they are: all stay.
                return Looked(looked.places, [False] * len(looked.places), looked.ended)
        return looked

    def remove(self, session: Session, now: datetime, ids: Sequence[UUID]) -> int:
        return OldFreezes(session).remove(now - self._keep, ids, standing=self._standing)

    def _accounts(self, session: Session) -> Iterator[str]:
        hashed = self._own_keys.credential_hash()
        for trunk in _rejected(session):
            for gateway in claimed_gateways(trunk, trunk.gateways):
                credentials = gateway.credentials(self._secrets)
                try:
                    domain = gateway.target().domain
                except TargetInvalid:
                    continue
                if credentials is not None:
                    yield hashed.account_key(domain, credentials.username, credentials.password)


def _rejected(session: Session) -> Iterator[Trunk]:
    after = None
    while trunks := OldFreezes(session).rejected_trunks(after=after, limit=_TRUNKS_AT_ONCE):
        yield from trunks
        after = trunks[-1].id
