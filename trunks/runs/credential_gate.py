"""One run's credentials at the door: whether they may leave, and what becomes known of them."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from sipcheck.credentials import Credentials
from sipcheck.reasons import Reason
from trunks.errors import StoreUnavailable
from trunks.runs.claimed_run import ClaimedRun
from trunks.runs.credential_freeze import CredentialsClaimed, CredentialsFrozen
from trunks.runs.run_store import RunStore
from trunks.runs.sending import CredentialKeys, Departure, Intent
from trunks.secrets.credential_key import CredentialHash

_log = structlog.get_logger(__name__)

# While another run sends the same credentials, its result is worth waiting for; the engine's deadline ends it.
_LOOK_SECONDS = 0.1

# Says whether a run's lease lasts longer than the run may.
InTime = Callable[[], bool]


class CredentialGate:
    """Give `before_credentials` to the engine; `realms`, `retry_at` and `kept_by_us` are filled in by it.

    The gates of a run share `sent_by`: which of them let the credentials out.
    """

    def __init__(
        self,
        store: RunStore,
        claim: ClaimedRun,
        credentials: Credentials,
        hashed: CredentialHash,
        *,
        domain: str,
        in_time: InTime,
        sent_by: "list[CredentialGate]",
    ) -> None:
        self._store = store
        self._claim = claim
        self.credentials = credentials
        self._hash = hashed
        self._domain = domain
        self._in_time = in_time
        self._sent_by = sent_by
        self.account_key = hashed.account_key(domain, credentials.username, credentials.password)
        self.realms: list[str] = []
        self.retry_at: datetime | None = None
        self.kept_by_us = False

    async def frozen_until(self) -> datetime | None:
        """Say until when the run may send nothing at all; None when it may begin.

        Raises RunPostponed while nobody knows what became of them at their last sending; StoreUnavailable.
        """
        configured = self._claim.first.auth_realm
        return await self._store.standing(
            Intent(
                self.account_key,
                None if configured is None else self._key(configured),
                explicit=self._claim.explicit,
            )
        )

    async def before_credentials(self, realm: str) -> Reason | None:
        """Commit that they leave now for this realm, or say why they must not.

        They leave once a run, whatever its other gateways ask for: where one of these had them, this one is alive, and
        nothing is proven.
        """
        if any(other is not self for other in self._sent_by):
            return Reason.ALIVE_CREDENTIALS_UNPROVEN
        departure = Departure(self._claim, CredentialKeys(self._key(realm), self.account_key))
        while True:
            try:
                ours = await self._store.send_credentials(departure)
            except CredentialsClaimed:
                await asyncio.sleep(_LOOK_SECONDS)
                continue
            except CredentialsFrozen as frozen:
                self.retry_at = frozen.retry_at
                return Reason.CREDENTIALS_FROZEN
            except StoreUnavailable:
                return self._keep()
            if not ours:
                return Reason.CANCELLED
            # A commit that took too long: another would take the run for lost while the carrier is answering.
            if not self._in_time():
                return self._keep()
            self.realms.append(realm)
            self._sent_by.append(self)
            return None

    def _keep(self) -> Reason:
        _log.warning("credentials-withheld", verification_id=str(self._claim.verification_id))
        self.kept_by_us = True
        return Reason.CANCELLED

    def _key(self, realm: str) -> str:
        return self._hash.key(self._domain, realm, self.credentials.username, self.credentials.password)
