"""Deliveries as work: whoever claims an endpoint alone sends to it, for as long as the lease is.

So what belongs together is sent in order, and an endpoint that is slow keeps nobody but itself waiting. A worker that
is killed leaves a lease that ends; what it sent and did not record is sent again.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import structlog

from trunks.clock import Clock
from trunks.errors import SecretUnreadable
from trunks.ids import new_id
from trunks.models.webhook import WebhookEndpoint
from trunks.people.endpoints import former_secret_stands
from trunks.repositories.maintenances import Maintenances
from trunks.repositories.webhook_deliveries import WebhookDeliveries
from trunks.repositories.webhook_endpoints import WebhookEndpoints
from trunks.rules.delivery import Try, after_try
from trunks.secrets.secret_box import SecretBox
from trunks.store.database import Database

_log = structlog.get_logger(__name__)

# Of an endpoint in one claim: at the most 10 s each, and four at a time.
MESSAGES_AT_ONCE = 20
TOGETHER = 4
TRY_SECONDS = 10.0
# Longer than that takes.
LEASE = timedelta(seconds=2 * TRY_SECONDS * MESSAGES_AT_ONCE / TOGETHER)


@dataclass(frozen=True, slots=True)
class DueMessage:
    delivery_id: UUID
    message_id: UUID
    trunk_id: UUID | None
    tries: int
    body: str


@dataclass(frozen=True, slots=True)
class EndpointClaim:
    """An endpoint that is ours to send to, with its secrets, the one in use first, and what is due."""

    endpoint_id: UUID
    claim_id: UUID
    url: str
    secrets: tuple[str, ...] = field(repr=False)
    due: tuple[DueMessage, ...] = ()


@dataclass(frozen=True, slots=True)
class Deliveries:
    database: Database
    secrets: SecretBox
    clock: Clock

    def claim(self, *, limit: int) -> list[EndpointClaim]:
        """Claim endpoints for which something is due. Raises StoreUnavailable."""
        now = self.clock()
        with self.database.question() as session:
            held = Maintenances(session).held(now)
            if not WebhookEndpoints(session).any_to_send(now, held):
                return []
        with self.database.write() as session:
            claims = []
            for endpoint in WebhookEndpoints(session).to_send(now, held, limit=limit):
                claim_id = new_id()
                endpoint.claim(claim_id, now + LEASE)
                due = WebhookDeliveries(session).due(endpoint.id, now, held, limit=MESSAGES_AT_ONCE)
                secrets = self._secrets_of(endpoint)
                messages = tuple(DueMessage(*tuple(row)) for row in due)
                claims.append(EndpointClaim(endpoint.id, claim_id, endpoint.url, secrets, messages))
            return claims

    def _secrets_of(self, endpoint: WebhookEndpoint) -> tuple[str, ...]:
        sealed = [endpoint.sealed_secret]
        if endpoint.former_sealed_secret is not None and former_secret_stands(endpoint, self.clock()):
            sealed.append(endpoint.former_sealed_secret)
        try:
            return tuple(self.secrets.open(each, endpoint.id) for each in sealed)
        except SecretUnreadable:
            # Nothing can be signed; each is tried again later, and the log of deliveries says why.
            return ()

    def record(self, claim: EndpointClaim, message: DueMessage, tried: Try) -> bool:
        """Write what a try came to; false where nothing more is to be sent by this claim. Raises StoreUnavailable."""
        with self.database.write() as session:
            endpoint = WebhookEndpoints(session).claimed(claim.endpoint_id, claim.claim_id)
            if endpoint is None:
                return False
            now, tries = self.clock(), message.tries + 1
            spread = random.random()  # noqa: S311 - spreads work
            follows = after_try(tried, tries, endpoint.failing_since, now, random=spread)
            endpoint.failing_since = follows.failing_since
            if follows.disabled is not None:
                endpoint.enabled, endpoint.disabled_reason = False, follows.disabled
                endpoint.updated_at = now
                _log.warning(
                    "webhook-endpoint-disabled",
                    endpoint_id=str(endpoint.id),
                    environment_id=str(endpoint.environment_id),
                    reason=follows.disabled.value,
                )
            WebhookDeliveries(session).change(
                message.delivery_id,
                status=follows.status,
                tries=tries,
                next_try_at=follows.next_try_at or now,
                tried_at=now,
                last_status=tried.status,
                last_error=tried.error,
            )
            return endpoint.enabled

    def release(self, claims: Sequence[EndpointClaim]) -> None:
        """Give endpoints back. Raises StoreUnavailable."""
        with self.database.write() as session:
            for claim in claims:
                endpoint = WebhookEndpoints(session).claimed(claim.endpoint_id, claim.claim_id)
                if endpoint is not None:
                    endpoint.release()
