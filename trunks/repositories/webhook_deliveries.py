"""Messages on their way to endpoints, and which of them may be sent now."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, exists, literal_column, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import BindParameter, ColumnElement

from trunks.models.webhook import WebhookDelivery, WebhookMessage
from trunks.repositories.maintenances import Held
from trunks.repositories.many_rows import enter_rows
from trunks.repositories.repository import Repository
from trunks.rules.delivery import ELDER_WAITS, DeliveryStatus
from trunks.rules.events import EventType

DeliveryRow = Row[*tuple[Any, ...]]

# Not a parameter: SQLite takes a partial index for the same words alone.
_WAITING: ColumnElement[Any] = literal_column(f"'{DeliveryStatus.WAITING}'")
_LISTED = (
    WebhookDelivery.id,
    WebhookDelivery.message_id,
    WebhookMessage.type,
    WebhookDelivery.trunk_id,
    WebhookDelivery.about_trunk_id,
    WebhookDelivery.status,
    WebhookDelivery.tries,
    WebhookDelivery.queued_at,
    WebhookDelivery.tried_at,
    WebhookDelivery.next_try_at,
    WebhookDelivery.last_status,
    WebhookDelivery.last_error,
)


def is_due(now: "datetime | BindParameter[datetime]") -> ColumnElement[bool]:
    """Whether a delivery waits, and its time has come."""
    return (WebhookDelivery.status == _WAITING) & (WebhookDelivery.next_try_at <= now)


def sendable(now: datetime, held: Held) -> ColumnElement[bool]:
    """Whether a delivery is due, nothing holds it, and no elder of its trunk and endpoint that is still young waits."""
    elder = aliased(WebhookDelivery)
    waits_for = exists().where(
        elder.endpoint_id == WebhookDelivery.endpoint_id,
        elder.trunk_id == WebhookDelivery.trunk_id,
        elder.sequence < WebhookDelivery.sequence,
        elder.status == _WAITING,
        elder.queued_at > now - ELDER_WAITS,
    )
    may_go = is_due(now)
    if held:
        about = WebhookDelivery.about_trunk_id
        may_go &= or_(about.is_(None), ~held.holds(about))
    return may_go & ~waits_for.correlate(WebhookDelivery)


class WebhookDeliveries(Repository):
    def enter(self, messages: Iterable[Mapping[str, Any]], deliveries: Iterable[Mapping[str, Any]]) -> None:
        """Enter messages with their deliveries, given by their columns."""
        for model, rows in ((WebhookMessage, list(messages)), (WebhookDelivery, list(deliveries))):
            enter_rows(self._session, model.__table__, rows)

    def due(self, endpoint_id: UUID, now: datetime, held: Held, *, limit: int) -> Sequence[DeliveryRow]:
        """List what may be sent to an endpoint now, the oldest first: id, message, trunk, tries, body."""
        return self._session.execute(
            select(
                WebhookDelivery.id,
                WebhookDelivery.message_id,
                WebhookDelivery.trunk_id,
                WebhookDelivery.tries,
                WebhookMessage.body,
            )
            .join(WebhookMessage, WebhookMessage.id == WebhookDelivery.message_id)
            .where(WebhookDelivery.endpoint_id == endpoint_id, sendable(now, held))
            .order_by(WebhookDelivery.queued_at, WebhookDelivery.id)
            .limit(limit)
        ).all()

    def has(self, endpoint_id: UUID, message_id: UUID) -> bool:
        """Whether a message goes to an endpoint, or went there."""
        found = select(WebhookDelivery.id).where(
            WebhookDelivery.message_id == message_id, WebhookDelivery.endpoint_id == endpoint_id
        )
        return self._session.scalar(found) is not None

    def waiting_of_type(self, endpoint_id: UUID, event: EventType, *, most: int) -> int:
        """Count what waits for an endpoint of a kind that is about no trunk, up to so many."""
        found = (
            select(WebhookDelivery.id)
            .join(WebhookMessage, WebhookMessage.id == WebhookDelivery.message_id)
            .where(
                WebhookDelivery.endpoint_id == endpoint_id,
                WebhookDelivery.trunk_id.is_(None),
                WebhookDelivery.status == _WAITING,
                WebhookMessage.type == event.value,
            )
            .limit(most)
        )
        return len(self._session.scalars(found).all())

    def change(self, delivery_id: UUID, **values: Any) -> bool:
        return self._change(WebhookDelivery, WebhookDelivery.id == delivery_id, **values)

    def replay(self, endpoint_id: UUID, delivery_id: UUID, now: datetime) -> bool:
        """Let a delivery begin anew; false when there is none of this id."""
        return self._change(
            WebhookDelivery,
            WebhookDelivery.id == delivery_id,
            WebhookDelivery.endpoint_id == endpoint_id,
            status=DeliveryStatus.WAITING,
            tries=0,
            next_try_at=now,
        )

    def page(self, endpoint_id: UUID, *, limit: int, before: UUID | None) -> Sequence[DeliveryRow]:
        """List an endpoint's deliveries, newest first, from the one before `before` on."""
        query = (
            select(*_LISTED)
            .join(WebhookMessage, WebhookMessage.id == WebhookDelivery.message_id)
            .where(WebhookDelivery.endpoint_id == endpoint_id)
        )
        if before is not None:
            query = query.where(WebhookDelivery.id < before)
        return self._session.execute(query.order_by(WebhookDelivery.id.desc()).limit(limit)).all()
