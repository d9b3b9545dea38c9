"""Webhook endpoints and their deliveries as talkover shows them (ours)."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from api.timestamps import Timestamp
from trunks.models.webhook import WebhookEndpoint
from trunks.people.endpoints import EndpointSecret
from trunks.repositories.maintenances import HeldSpan
from trunks.repositories.outbox import events_wanted
from trunks.repositories.webhook_deliveries import DeliveryRow
from trunks.rules.delivery import DeliveryStatus, DisabledReason
from trunks.rules.events import EventType


class EndpointShown(BaseModel):
    id: UUID
    url: str
    events: list[EventType]
    description: str | None
    enabled: bool
    disabled_reason: DisabledReason | None = Field(
        description="`gone`: it answered 410; `failing`: no message was taken for five days."
    )
    failing_since: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp


class EndpointWithSecret(EndpointShown):
    secret: str = Field(description="To verify signatures with; shown this once.")


class EndpointFound(BaseModel):
    success: bool = True
    data: EndpointShown


class EndpointMade(BaseModel):
    success: bool = True
    data: EndpointWithSecret


class EndpointList(BaseModel):
    success: bool = True
    data: list[EndpointShown]
    next_cursor: str | None


class EndpointRemoved(BaseModel):
    success: bool = True
    message: str = "Webhook endpoint deleted"


class MessageQueued(BaseModel):
    id: UUID = Field(description="Of the message.")


class TestQueued(BaseModel):
    success: bool = True
    data: MessageQueued


class DeliveryShown(BaseModel):
    """A message's way to an endpoint; what the endpoint answered is not kept."""

    id: UUID
    message_id: UUID = Field(description="`webhook-id` is this in hexadecimal behind `msg_`.")
    type: EventType
    trunk_id: UUID | None
    status: DeliveryStatus
    tries: int
    queued_at: Timestamp
    tried_at: Timestamp | None
    next_try_at: Timestamp | None
    last_status: int | None = Field(description="The HTTP status of the last try.")
    last_error: str | None = Field(description="Why there was none.")
    held_since: Timestamp | None = Field(
        None, description="Since when maintenance keeps it waiting; null: none does."
    )
    held_until: Timestamp | None = Field(None, description="Until when, at the latest.")


class DeliveryList(BaseModel):
    success: bool = True
    data: list[DeliveryShown]
    next_cursor: str | None


class DeliveryQueued(BaseModel):
    success: bool = True
    message: str = "The message is sent again"


def show_endpoint(endpoint: WebhookEndpoint) -> EndpointShown:
    return EndpointShown(**_fields(endpoint))


def show_made(made: EndpointSecret) -> EndpointMade:
    return EndpointMade(data=EndpointWithSecret(**_fields(made.endpoint), secret=made.secret))


def show_delivery(row: DeliveryRow, held: HeldSpan | None) -> DeliveryShown:
    shown = DeliveryShown.model_validate(row, from_attributes=True)
    if held is not None:
        shown.held_since, shown.held_until = held.since, held.until
    if shown.status is not DeliveryStatus.WAITING:
        shown.next_try_at = None
    return shown


def _fields(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "events": list(events_wanted(endpoint)),
        "description": endpoint.description,
        "enabled": endpoint.enabled,
        "disabled_reason": endpoint.disabled_reason,
        "failing_since": endpoint.failing_since,
        "created_at": endpoint.created_at,
        "updated_at": endpoint.updated_at,
    }
