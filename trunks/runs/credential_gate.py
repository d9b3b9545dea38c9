"""One run's credentials at the door: whether they may leave, and what becomes known of them."""

import asyncio
from datetime import datetime

import structlog

from sipcheck.credentials import Credentials
from sipcheck.reasons import Reason
from trunks.errors import StoreUnavailable
from trunks.runs.claimed_run import ClaimedRun
from trunks.runs.claims import RunClaims
from trunks.runs.credential_freeze import CredentialKeys, CredentialsClaimed, CredentialsFrozen
from trunks.secrets.credential_key import CredentialHash

_log = structlog.get_logger(__name__)

# While another run sends the same credentials, its result is worth waiting for; the engine's deadline ends it.
_LOOK_SECONDS = 0.1


class CredentialGate:
    """Give `before_credentials` to the engine; `realms`, `retry_at` and `store_was_away` are filled in by it."""

    def __init__(
        self,
        claims: RunClaims,
        claim: ClaimedRun,
        credentials: Credentials,
        hashed: CredentialHash,
        *,
        domain: str,
    ) -> None:
        self._claims = claims
        self._claim = claim
        self.credentials = credentials
        self._hash = hashed
        self._domain = domain
        self.realms: list[str] = []
        self.retry_at: datetime | None = None
        self.store_was_away = False

    def frozen_until(self) -> datetime | None:
        """Say until when the run may send nothing at all; None when it may begin.

        Raises RunPostponed while nobody knows what became of them at their last sending; StoreUnavailable.
        """
        configured = self._claim.first.auth_realm
        return self._claims.frozen_until(
            self._claim, self._account_key, None if configured is None else self._key(configured)
        )

    async def before_credentials(self, realm: str) -> Reason | None:
        """Commit that they leave now for this realm, or say why they must not."""
        keys = CredentialKeys(self._key(realm), self._account_key)
        while True:
            try:
                # In a thread: the store is synchronous, and this loop carries every other run.
                ours = await asyncio.to_thread(self._claims.record_credentials_sent, self._claim, keys)
            except CredentialsClaimed:
                await asyncio.sleep(_LOOK_SECONDS)
                continue
            except CredentialsFrozen as frozen:
                self.retry_at = frozen.retry_at
                return Reason.CREDENTIALS_FROZEN
            except StoreUnavailable:
                _log.warning("credentials-withheld", verification_id=str(self._claim.verification_id))
                self.store_was_away = True
                return Reason.CANCELLED
            if not ours:
                return Reason.CANCELLED
            self.realms.append(realm)
            return None

    @property
    def _account_key(self) -> str:
        return self._hash.account_key(self._domain, self.credentials.username, self.credentials.password)

    def _key(self, realm: str) -> str:
        return self._hash.key(self._domain, realm, self.credentials.username, self.credentials.password)
