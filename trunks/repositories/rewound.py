"""Moments that a clock wrote before it was set back: what lies further ahead than anything is ever put off."""

import random
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, or_, select, update

from trunks.models.account_proof import AccountProof
from trunks.models.credential_freeze import CredentialFreeze
from trunks.models.destination_health import DestinationHealth
from trunks.models.edge_budget import EdgeBudget, EdgeShare, EdgeSlot
from trunks.models.given_up_side import GivenUpSide
from trunks.models.idempotent_request import IdempotentRequest
from trunks.models.incident import Incident
from trunks.models.infrastructure_check import InfrastructureCheck
from trunks.models.knock import KnockRow, KnockWait
from trunks.models.mass_fall import MassFall
from trunks.models.open_call import OpenCall
from trunks.models.placed_call import PlacedCall
from trunks.models.provision import Infrastructure, Provision
from trunks.models.rejected_password import RejectedPasswordRow
from trunks.models.trunk import Trunk
from trunks.models.verification import Verification, VerificationStatus
from trunks.models.way_finding import WayFindingRow
from trunks.models.webhook import WebhookDelivery, WebhookEndpoint
from trunks.repositories.among import chunk_rows
from trunks.repositories.repository import Repository
from trunks.rules.delivery import DeliveryStatus
from trunks.rules.rejected_password import DECIDED_AFTER, TRIED_AFTER

LEASED: tuple[Any, ...] = (
    Verification,
    CredentialFreeze,
    DestinationHealth,
    Provision,
    Infrastructure,
    InfrastructureCheck,
    PlacedCall,
    OpenCall,
    EdgeSlot,
    KnockRow,
    IdempotentRequest,
    WayFindingRow,
    WebhookEndpoint,
)
# What operators are told takes longer to tell.
LEASED_FOR_LONGER = (Incident,)


class Rewound(Repository):
    """Every change gives the number of rows; `beyond` is a moment that none would lie behind by a right clock."""

    def leases(self, models: Iterable[Any], beyond: datetime, lease_until: datetime) -> int:
        """Let leases end when new ones would: whoever has them may be at work."""
        values = {"lease_until": lease_until}
        return sum(self._set(model, model.lease_until > beyond, values) for model in models)

    def runs(self, beyond: datetime, asked_beyond: datetime, now: datetime) -> int:
        """Make runs due that were asked for, or put off, by that clock."""
        queued = Verification.status == VerificationStatus.QUEUED
        asked = queued & (Verification.requested_at > asked_beyond)
        changed = self._set(Verification, asked, {"due_at": now, "requested_at": now})
        return changed + self._set(Verification, queued & (Verification.due_at > beyond), {"due_at": now})

    def shares(self, beyond: datetime, now: datetime) -> int:
        """End what is wanted, and the lines, of an address by that clock: who wants it still is refused again."""
        values = {"wanted_until": now, "line_until": now}
        return self._set(
            EdgeShare, or_(EdgeShare.wanted_until > beyond, EdgeShare.line_until > beyond), values
        )

    def waits(self, now: datetime) -> int:
        """End what is kept at addresses for those who wait there: who waits still has his turn kept anew."""
        return self._set(KnockWait, KnockWait.until > now, {"until": now})

    def messages(self, beyond: datetime, now: datetime) -> int:
        """Send what was to be told first by that clock, and take away what was given up by it."""
        first = (Incident.notify_tries == 0) & (Incident.notify_at > beyond)
        waiting = (WebhookDelivery.tries == 0) & (WebhookDelivery.status == DeliveryStatus.WAITING)
        return (
            self._set(Incident, first, {"notify_at": now})
            + self._set(
                WebhookDelivery, waiting & (WebhookDelivery.next_try_at > beyond), {"next_try_at": now}
            )
            + self._set(GivenUpSide, GivenUpSide.due_at > beyond, {"due_at": now})
        )

    def past(self, beyond: datetime, now: datetime) -> int:
        """Bring into the present what would have been by then: refilled buckets, rejections, proofs …"""
        return sum(
            self._set(model, column > beyond, {column.key: now})
            for model, column in (
                (EdgeBudget, EdgeBudget.refilled_at),
                (EdgeShare, EdgeShare.slot_wanted_at),
                (KnockRow, KnockRow.at),
                (MassFall, MassFall.began_at),
                (MassFall, MassFall.canary_asked_at),
                (MassFall, MassFall.released_at),
                (CredentialFreeze, CredentialFreeze.rejected_at),
                (AccountProof, AccountProof.proven_at),
                (AccountProof, AccountProof.tried_at),
                (Infrastructure, Infrastructure.reconciled_at),
                (Infrastructure, Infrastructure.refilled_at),
                (Provision, Provision.notify_at),
            )
        )

    def passwords(self, beyond: datetime, now: datetime) -> int:
        """Let what was rejected by that clock be decided and tried as if it were rejected now."""
        row = RejectedPasswordRow
        return self._set(
            row,
            row.rejected_at > beyond,
            {
                "first_at": now,
                "rejected_at": now,
                "decide_at": case((row.decide_at.is_not(None), now + DECIDED_AFTER), else_=None),
                "try_at": case((row.try_at.is_not(None), now + TRIED_AFTER[0]), else_=None),
            },
        )

    def checks(self, beyond: datetime, now: datetime) -> int:
        """Spread over one interval the checks of destinations whose last check would be still to come."""
        health = DestinationHealth
        ahead = or_(health.checked_at > beyond, health.claimed_at > beyond)
        rows = self._session.execute(
            select(
                health.id,
                health.interval_seconds,
                health.next_check_at,
                health.changed_at,
                health.fell_at,
                health.edge_fell_at,
            )
            .where(ahead)
            .order_by(health.destination_id)
            .limit(chunk_rows(self._session))
            .with_for_update()
        ).all()
        changes = [
            {
                "id": row.id,
                "checked_at": now,
                "claimed_at": now,
                "due_since": None,
                "changed_at": row.changed_at and min(row.changed_at, now),
                "fell_at": row.fell_at and min(row.fell_at, now),
                "edge_fell_at": row.edge_fell_at and min(row.edge_fell_at, now),
                "next_check_at": row.next_check_at and _within(now, row.interval_seconds),
            }
            for row in rows
        ]
        return self._write(health.__table__, changes)

    def proofs(self, beyond: datetime, now: datetime, spread_seconds: float) -> int:
        """Spread the proofs that are further away than an interval."""
        rows = self._session.execute(
            select(Trunk.id)
            .where(Trunk.next_proof_at > beyond)
            .order_by(Trunk.id)
            .limit(chunk_rows(self._session))
            .with_for_update(key_share=True, skip_locked=True, of=Trunk)
        ).all()
        changes = [{"id": row.id, "next_proof_at": _within(now, spread_seconds)} for row in rows]
        return self._write(Trunk.__table__, changes)

    def _set(self, model: Any, condition: ColumnElement[bool], values: Mapping[str, Any]) -> int:
        changed = self._session.execute(
            update(model)
            .where(condition)
            .values(**values)
            .returning(model.id)
            .execution_options(synchronize_session=False)
        )
        return len(changed.all())

    def _write(self, table: Any, changes: list[dict[str, Any]]) -> int:
        if changes:
            values: dict[str, Any] = {
                column: bindparam(f"new_{column}") for column in changes[0] if column != "id"
            }
            self._session.connection().execute(
                update(table).where(table.c.id == bindparam("of_row")).values(values),
                [
                    {("of_row" if key == "id" else f"new_{key}"): value for key, value in change.items()}
                    for change in changes
                ],
            )
        return len(changes)


def _within(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=seconds * random.random())  # noqa: S311 - spreads work
