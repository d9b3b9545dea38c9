"""Webhook endpoints: a tenant's, and those that have something to be sent to."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, bindparam, delete, exists, func, select
from sqlalchemy.sql.elements import ColumnElement

from trunks.models.base import UtcDateTime
from trunks.models.webhook import WebhookDelivery, WebhookEndpoint
from trunks.repositories.among import composed
from trunks.repositories.maintenances import Held
from trunks.repositories.repository import Repository
from trunks.repositories.webhook_deliveries import is_due, sendable

_LISTENING = composed(
    lambda among: select(WebhookEndpoint).where(
        among(WebhookEndpoint.environment_id), WebhookEndpoint.enabled
    )
)
_ANY_DUE = select(exists().where(is_due(bindparam("now", type_=UtcDateTime()))))


class WebhookEndpoints(Repository):
    def add(self, endpoint: WebhookEndpoint) -> None:
        self._session.add(endpoint)

    def of(self, environment_id: UUID, endpoint_id: UUID) -> WebhookEndpoint | None:
        return self._session.scalar(self._one(environment_id, endpoint_id))

    def locked(self, environment_id: UUID, endpoint_id: UUID) -> WebhookEndpoint | None:
        """Find an endpoint of this tenant and keep every other writer off it."""
        return self._session.scalar(self._one(environment_id, endpoint_id).with_for_update())

    def _one(self, environment_id: UUID, endpoint_id: UUID) -> Select[WebhookEndpoint]:
        return select(WebhookEndpoint).where(
            WebhookEndpoint.id == endpoint_id, WebhookEndpoint.environment_id == environment_id
        )

    def count(self, environment_id: UUID) -> int:
        return self._count(WebhookEndpoint.environment_id == environment_id)

    def page(self, environment_id: UUID, *, limit: int, before: UUID | None) -> Sequence[WebhookEndpoint]:
        """List a tenant's endpoints, newest first, from the one before `before` on."""
        query = select(WebhookEndpoint).where(WebhookEndpoint.environment_id == environment_id)
        return self._newest(query, WebhookEndpoint, limit=limit, before=before)

    def remove(self, endpoint: WebhookEndpoint) -> None:
        """Remove an endpoint with its deliveries."""
        self._session.execute(delete(WebhookEndpoint).where(WebhookEndpoint.id == endpoint.id))

    def listening(self, environment_ids: Collection[UUID]) -> Mapping[UUID, list[WebhookEndpoint]]:
        """Those of these tenants that are enabled, by tenant."""
        found: dict[UUID, list[WebhookEndpoint]] = defaultdict(list)
        if environment_ids:
            rows = self._session.scalars(_LISTENING(self._session), {"ids": list(environment_ids)})
            for row in rows:
                found[row.environment_id].append(row)
        return found

    def any_to_send(self, now: datetime, held: Held) -> bool:
        # Asked every second by every worker: mostly nothing is due, which the shorter question says.
        return self._is_so(_ANY_DUE, now=now) and self._exists(*_to_send(now, held))

    def to_send(self, now: datetime, held: Held, *, limit: int) -> Sequence[WebhookEndpoint]:
        """Those that nobody sends to and for which a message is due, locked."""
        return self._session.scalars(
            select(WebhookEndpoint)
            .where(*_to_send(now, held))
            # Any of them: one that is always due must not come before the others each time.
            .order_by(func.random())
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()

    def claimed(self, endpoint_id: UUID, claim_id: UUID) -> WebhookEndpoint | None:
        """Find an endpoint that is claimed by this claim, and keep every other writer off it."""
        return self._session.scalar(
            select(WebhookEndpoint)
            .where(WebhookEndpoint.id == endpoint_id, WebhookEndpoint.claim_id == claim_id)
            .with_for_update()
        )


def _to_send(now: datetime, held: Held) -> tuple[ColumnElement[bool], ...]:
    due = select(WebhookDelivery.endpoint_id).where(sendable(now, held))
    return WebhookEndpoint.id.in_(due), WebhookEndpoint.enabled.is_(True), WebhookEndpoint.is_free(now)
