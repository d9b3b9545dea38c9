"""Events that are announced to the endpoints of a tenant, in the transaction that made them or tells of them."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.ids import new_id
from trunks.models.trunk import Trunk
from trunks.models.webhook import WebhookEndpoint
from trunks.repositories.webhook_deliveries import WebhookDeliveries
from trunks.repositories.webhook_endpoints import WebhookEndpoints
from trunks.rules.delivery import DeliveryStatus
from trunks.rules.events import USUAL_EVENTS, EventFacts, EventType, event_body


@dataclass(frozen=True, slots=True)
class Announcement:
    """What happened at a moment, and what the trunk was behind it."""

    event: EventType
    at: datetime
    facts: EventFacts
    state: Mapping[str, Any]


class Outbox:
    """Works inside a transaction of its caller, which keeps the trunks: takes announcements, writes when told to."""

    def __init__(self, session: Session, environment_ids: Collection[UUID], now: datetime) -> None:
        self._deliveries = WebhookDeliveries(session)
        self._endpoints = WebhookEndpoints(session).listening(environment_ids)
        self._now = now
        self._messages: list[dict[str, Any]] = []
        self._sent: list[dict[str, Any]] = []

    def hears(self, environment_id: UUID) -> bool:
        """Whether an endpoint of this tenant is enabled."""
        return environment_id in self._endpoints

    def announce(self, trunk: Trunk, announcement: Announcement) -> None:
        """Give an event its place in the trunk's order, and a delivery to each endpoint that wants it."""
        event = announcement.event
        endpoints = [
            each for each in self._endpoints.get(trunk.environment_id, ()) if event in events_wanted(each)
        ]
        if not endpoints:
            return
        trunk.event_sequence += 1
        body = event_body(
            event, announcement.at, announcement.facts, announcement.state, trunk.event_sequence
        )
        self.add(
            trunk.environment_id, event, announcement.at, body, endpoints, trunk.id, trunk.event_sequence
        )

    def announce_plainly(
        self,
        environment_id: UUID,
        event: EventType,
        at: datetime,
        body: Mapping[str, Any],
        *,
        about_trunk_id: UUID | None,
    ) -> None:
        """Queue a message that is about no trunk alone, but came about by one, for each endpoint that wants it."""
        endpoints = [each for each in self._endpoints.get(environment_id, ()) if event in events_wanted(each)]
        if endpoints:
            self.add(environment_id, event, at, body, endpoints, about_trunk_id=about_trunk_id)

    def add(
        self,
        environment_id: UUID,
        event: EventType,
        at: datetime,
        body: Mapping[str, Any],
        endpoints: Collection[WebhookEndpoint],
        trunk_id: UUID | None = None,
        sequence: int | None = None,
        about_trunk_id: UUID | None = None,
        message_id: UUID | None = None,
    ) -> UUID:
        """Take a message and its deliveries; give the message's id, this one where it is given."""
        message_id = message_id or new_id()
        same = {"trunk_id": trunk_id, "sequence": sequence}
        self._messages.append(
            {
                "id": message_id,
                "environment_id": environment_id,
                "type": event.value,
                "at": at,
                "body": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
                **same,
            }
        )
        for endpoint in endpoints:
            self._sent.append(
                {
                    "id": new_id(),
                    "endpoint_id": endpoint.id,
                    "message_id": message_id,
                    "queued_at": self._now,
                    "status": DeliveryStatus.WAITING,
                    "tries": 0,
                    "next_try_at": self._now,
                    "about_trunk_id": about_trunk_id or trunk_id,
                    **same,
                }
            )
        return message_id

    def write(self) -> None:
        """Enter what was taken."""
        self._deliveries.enter(self._messages, self._sent)
        self._messages, self._sent = [], []


def state_told(trunk: Trunk) -> dict[str, Any]:
    """What events say of a trunk's state."""
    return {
        "is_verified": trunk.is_verified,
        "is_active": trunk.is_active,
        "health_status": trunk.health_status,
    }


def events_wanted(endpoint: WebhookEndpoint) -> tuple[EventType, ...]:
    """Which events an endpoint gets."""
    if endpoint.events is None:
        return USUAL_EVENTS
    return tuple(EventType(each) for each in endpoint.events.split())
