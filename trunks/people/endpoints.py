"""A tenant's webhook endpoints: made, changed, tried, and what became of their deliveries."""

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.clock import Clock
from trunks.errors import (
    DeliveryNotFound,
    EndpointDisabled,
    EndpointNotFound,
    TooManyEndpoints,
    TooManyTestMessages,
)
from trunks.ids import new_id
from trunks.models.webhook import WebhookEndpoint
from trunks.repositories.maintenances import HeldSpan, Maintenances
from trunks.repositories.outbox import Outbox
from trunks.repositories.tenants import Environments
from trunks.repositories.webhook_deliveries import DeliveryRow, WebhookDeliveries
from trunks.repositories.webhook_endpoints import WebhookEndpoints
from trunks.rules.delivery import DeliveryStatus
from trunks.rules.events import EventType, written
from trunks.secrets.secret_box import SecretBox
from trunks.store.database import Database
from trunks.tenancy.tenants import Caller

MOST_ENDPOINTS = 10
# That wait for one endpoint.
MOST_TESTS = 10
FORMER_SECRET_STANDS = timedelta(hours=24)

_PREFIX = "whsec_"
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class EndpointSecret:
    """An endpoint with its secret, for the only answer that shows it."""

    endpoint: WebhookEndpoint
    secret: str


@dataclass(frozen=True, slots=True)
class Endpoints:
    database: Database
    secrets: SecretBox
    clock: Clock

    def create(
        self,
        caller: Caller,
        *,
        url: str,
        events: Sequence[EventType] | None,
        description: str | None,
        enabled: bool,
        endpoint_id: UUID | None = None,
    ) -> EndpointSecret:
        """Make an endpoint; one that has this id already is the one. Raises TooManyEndpoints."""
        with self.database.write() as session:
            endpoints = WebhookEndpoints(session)
            if endpoint_id is not None:
                made = endpoints.of(caller.environment_id, endpoint_id)
                if made is not None:
                    return EndpointSecret(made, self.secrets.open(made.sealed_secret, made.id))
            Environments(session).lock(caller.environment_id)
            if endpoints.count(caller.environment_id) >= MOST_ENDPOINTS:
                raise TooManyEndpoints(MOST_ENDPOINTS)
            now, row_id, secret = self.clock(), endpoint_id or new_id(), _new_secret()
            endpoint = WebhookEndpoint(
                id=row_id,
                environment_id=caller.environment_id,
                url=url,
                description=description,
                events=_joined(events),
                enabled=enabled,
                sealed_secret=self.secrets.seal(secret, row_id),
                created_at=now,
                updated_at=now,
            )
            endpoints.add(endpoint)
            return EndpointSecret(endpoint, secret)

    def get(self, caller: Caller, endpoint_id: UUID) -> WebhookEndpoint:
        """Look an endpoint up. Raises EndpointNotFound for another tenant's too."""
        with self.database.read() as session:
            return _owned(WebhookEndpoints(session).of(caller.environment_id, endpoint_id))

    def page(self, caller: Caller, *, limit: int, before: UUID | None = None) -> Sequence[WebhookEndpoint]:
        """List a tenant's endpoints, newest first."""
        with self.database.read() as session:
            return WebhookEndpoints(session).page(caller.environment_id, limit=limit, before=before)

    def change(self, caller: Caller, endpoint_id: UUID, changes: dict[str, Any]) -> WebhookEndpoint:
        """Set some of url, events, description and enabled. Raises EndpointNotFound."""
        with self.database.write() as session:
            endpoint = self._locked(session, caller, endpoint_id)
            if "events" in changes:
                changes = changes | {"events": _joined(changes["events"])}
            for name, value in changes.items():
                setattr(endpoint, name, value)
            if changes.get("enabled"):
                endpoint.disabled_reason = endpoint.failing_since = None
            endpoint.updated_at = self.clock()
            return endpoint

    def remove(self, caller: Caller, endpoint_id: UUID) -> None:
        """Remove an endpoint with what waits for it. Raises EndpointNotFound."""
        with self.database.write() as session:
            WebhookEndpoints(session).remove(self._locked(session, caller, endpoint_id))

    def rotate(self, caller: Caller, endpoint_id: UUID, *, rotation_id: UUID | None = None) -> EndpointSecret:
        """Give an endpoint another secret; the former one signs beside it for 24 hours.

        Asked for again under the same id, it gives the same: the secret in use would else be lost. Raises
        EndpointNotFound.
        """
        with self.database.write() as session:
            endpoint = self._locked(session, caller, endpoint_id)
            if rotation_id is not None and endpoint.rotation_id == rotation_id:
                return EndpointSecret(endpoint, self.secrets.open(endpoint.sealed_secret, endpoint.id))
            now, secret = self.clock(), _new_secret()
            endpoint.former_sealed_secret = endpoint.sealed_secret
            endpoint.former_until = now + FORMER_SECRET_STANDS
            endpoint.sealed_secret = self.secrets.seal(secret, endpoint.id)
            endpoint.rotation_id = rotation_id
            endpoint.updated_at = now
            return EndpointSecret(endpoint, secret)

    def test(self, caller: Caller, endpoint_id: UUID, *, message_id: UUID | None = None) -> UUID:
        """Queue a message that says nothing but that it is a test; give its id. One that is queued already is the one.

        Raises EndpointNotFound, EndpointDisabled, TooManyTestMessages.
        """
        with self.database.write() as session:
            endpoint = self._locked(session, caller, endpoint_id)
            deliveries = WebhookDeliveries(session)
            if message_id is not None and deliveries.has(endpoint_id, message_id):
                return message_id
            if not endpoint.enabled:
                raise EndpointDisabled
            if deliveries.waiting_of_type(endpoint_id, EventType.TEST, most=MOST_TESTS) >= MOST_TESTS:
                raise TooManyTestMessages(MOST_TESTS)
            now = self.clock()
            outbox = Outbox(session, (), now)
            body = {"type": EventType.TEST.value, "timestamp": written(now), "data": {}}
            queued_id = outbox.add(
                caller.environment_id, EventType.TEST, now, body, [endpoint], message_id=message_id
            )
            outbox.write()
            return queued_id

    def deliveries(
        self, caller: Caller, endpoint_id: UUID, *, limit: int, before: UUID | None = None
    ) -> Sequence[DeliveryRow]:
        """List an endpoint's deliveries, newest first. Raises EndpointNotFound."""
        with self.database.read() as session:
            _owned(WebhookEndpoints(session).of(caller.environment_id, endpoint_id))
            return WebhookDeliveries(session).page(endpoint_id, limit=limit, before=before)

    def held(self, deliveries: Sequence[DeliveryRow]) -> Mapping[UUID, HeldSpan]:
        """Say of those of a tenant's deliveries that maintenance keeps waiting since when and until when it does."""
        about = {
            each.id: each.about_trunk_id
            for each in deliveries
            if each.status is DeliveryStatus.WAITING and each.about_trunk_id is not None
        }
        with self.database.read() as session:
            spans = Maintenances(session).spans(set(about.values()), self.clock())
        return {each: spans[trunk_id] for each, trunk_id in about.items() if trunk_id in spans}

    def replay(self, caller: Caller, endpoint_id: UUID, delivery_id: UUID) -> None:
        """Send a message again, with its eight tries anew. Raises EndpointNotFound, DeliveryNotFound."""
        with self.database.write() as session:
            endpoint = self._locked(session, caller, endpoint_id)
            if not endpoint.enabled:
                raise EndpointDisabled
            if not WebhookDeliveries(session).replay(endpoint_id, delivery_id, self.clock()):
                raise DeliveryNotFound

    def _locked(self, session: Session, caller: Caller, endpoint_id: UUID) -> WebhookEndpoint:
        return _owned(WebhookEndpoints(session).locked(caller.environment_id, endpoint_id))


def former_secret_stands(endpoint: WebhookEndpoint, now: datetime) -> bool:
    return endpoint.former_until is not None and now < endpoint.former_until


def _owned(endpoint: WebhookEndpoint | None) -> WebhookEndpoint:
    if endpoint is None:
        raise EndpointNotFound
    return endpoint


def _joined(events: Sequence[EventType] | None) -> str | None:
    return None if events is None else " ".join(dict.fromkeys(each.value for each in events))


def _new_secret() -> str:
    return _PREFIX + base64.b64encode(os.urandom(_SECRET_BYTES)).decode("ascii")
