"""Webhooks: a tenant's endpoints, the messages that flips make, and their deliveries."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base, named, partial_index
from trunks.models.lease import Leased
from trunks.rules.delivery import DeliveryStatus, DisabledReason

_WAITING = text("status = 'waiting'")


class WebhookEndpoint(Leased, Base):
    """`events` are names with spaces between them, null for the usual ones. Until `former_until` messages are signed
    under the former secret, too.

    `rotation_id` is that of the request that made the secret, where it had a key by which it may come again. The lease
    is of the worker that sends to it; `failing_since` is when the first try failed behind the last that did not.
    """

    __tablename__ = "webhook_endpoints"

    environment_id: Mapped[UUID] = mapped_column(
        ForeignKey("environments.id", ondelete="CASCADE"), index=True
    )
    url: Mapped[str] = mapped_column(String(2048))
    description: Mapped[str | None] = mapped_column(String(255))
    events: Mapped[str | None] = mapped_column(String(1000))
    enabled: Mapped[bool]
    disabled_reason: Mapped[DisabledReason | None] = mapped_column(named(DisabledReason))
    sealed_secret: Mapped[bytes]
    former_sealed_secret: Mapped[bytes | None]
    former_until: Mapped[datetime | None]
    rotation_id: Mapped[UUID | None]
    failing_since: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class WebhookMessage(Base):
    """`body` is what is signed and sent, each time the same; a test's has no trunk and no sequence."""

    __tablename__ = "webhook_messages"

    environment_id: Mapped[UUID] = mapped_column(
        ForeignKey("environments.id", ondelete="CASCADE"), index=True
    )
    trunk_id: Mapped[UUID | None]
    sequence: Mapped[int | None]
    type: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(index=True)
    body: Mapped[str] = mapped_column(Text)


class WebhookDelivery(Base):
    """A message on its way to an endpoint; trunk, sequence and `queued_at` say which one is whose elder.

    `about_trunk_id` is the trunk by which an incident was opened or closed: where that is in maintenance it waits.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("message_id", "endpoint_id"),
        Index("ix_webhook_deliveries_endpoint_id_id", "endpoint_id", "id"),
        partial_index("ix_webhook_deliveries_next_try_at", "next_try_at", where=_WAITING),
        partial_index("ix_webhook_deliveries_elder", "endpoint_id", "trunk_id", "sequence", where=_WAITING),
    )

    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"))
    message_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_messages.id", ondelete="CASCADE"))
    trunk_id: Mapped[UUID | None]
    sequence: Mapped[int | None]
    about_trunk_id: Mapped[UUID | None]
    queued_at: Mapped[datetime]
    status: Mapped[DeliveryStatus] = mapped_column(named(DeliveryStatus))
    tries: Mapped[int]
    next_try_at: Mapped[datetime]
    tried_at: Mapped[datetime | None]
    # Of the last try: the receiver's status, or why there was none. What it answered is never kept.
    last_status: Mapped[int | None]
    last_error: Mapped[str | None] = mapped_column(String(64))
