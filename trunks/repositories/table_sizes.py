"""How many rows each table has, and how old the oldest is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import InstrumentedAttribute

from trunks.models.account_proof import AccountProof
from trunks.models.base import Base
from trunks.models.console_session import ConsoleSession
from trunks.models.credential_freeze import CredentialFreeze
from trunks.models.destination import Destination
from trunks.models.edge_budget import EdgeBudget
from trunks.models.flip import Flip
from trunks.models.given_up_side import GivenUpSide
from trunks.models.health_rollup import DailyRollup, HealthRollup
from trunks.models.idempotent_request import IdempotentRequest
from trunks.models.incident import Incident
from trunks.models.knock import KnockRow
from trunks.models.live_ladder import LiveLadder
from trunks.models.maintenance import Maintenance
from trunks.models.mass_fall import MassFall
from trunks.models.open_call import OpenCall
from trunks.models.phone_number import PhoneNumber
from trunks.models.placed_call import PlacedCall
from trunks.models.realm_pin import RealmPin
from trunks.models.rejected_password import RejectedPasswordRow
from trunks.models.shared_page import SharedPage
from trunks.models.trunk import Trunk
from trunks.models.verification import Verification
from trunks.models.webhook import WebhookDelivery, WebhookMessage
from trunks.models.worker import Worker
from trunks.repositories.repository import Repository

# Each with the moment that its rows' age is counted from.
_AGES: Mapping[type[Base], InstrumentedAttribute[Any]] = {
    Trunk: Trunk.created_at,
    PhoneNumber: PhoneNumber.created_at,
    Destination: Destination.created_at,
    Verification: Verification.finished_at,
    PlacedCall: PlacedCall.finished_at,
    OpenCall: OpenCall.begun_at,
    Flip: Flip.at,
    HealthRollup: HealthRollup.hour,
    DailyRollup: DailyRollup.day,
    RealmPin: RealmPin.proven_at,
    AccountProof: AccountProof.proven_at,
    CredentialFreeze: CredentialFreeze.rejected_at,
    RejectedPasswordRow: RejectedPasswordRow.first_at,
    EdgeBudget: EdgeBudget.refilled_at,
    KnockRow: KnockRow.at,
    MassFall: MassFall.began_at,
    GivenUpSide: GivenUpSide.given_up_at,
    WebhookMessage: WebhookMessage.at,
    WebhookDelivery: WebhookDelivery.queued_at,
    Incident: Incident.opened_at,
    Maintenance: Maintenance.began_at,
    IdempotentRequest: IdempotentRequest.created_at,
    SharedPage: SharedPage.created_at,
    ConsoleSession: ConsoleSession.created_at,
    LiveLadder: LiveLadder.written_at,
    Worker: Worker.seen_at,
}

# -1 says that it was never looked at.
_ESTIMATE = text("SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = to_regclass(:table)")


@dataclass(frozen=True, slots=True)
class TableSize:
    table: str
    rows: int
    oldest_at: datetime | None


class TableSizes(Repository):
    def all(self) -> tuple[TableSize, ...]:
        """Count every table that grows, row by row: for a person who asks, not for a graph."""
        return tuple(
            TableSize(
                model.__tablename__,
                self._session.scalar(select(func.count()).select_from(model)) or 0,
                self._session.scalar(self._oldest(model, moment)),
            )
            for model, moment in _AGES.items()
        )

    def estimated(self) -> tuple[TableSize, ...]:
        """The same by PostgreSQL's own estimate, as of its last look at each table; SQLite counts."""
        if not self._is_postgresql:
            return self.all()
        return tuple(
            TableSize(
                model.__tablename__,
                self._session.scalar(_ESTIMATE, {"table": model.__tablename__}) or 0,
                self._session.scalar(self._oldest(model, moment)),
            )
            for model, moment in _AGES.items()
        )

    def _oldest(self, model: type[Base], moment: InstrumentedAttribute[Any]) -> Any:
        oldest = select(func.min(moment))
        # As the index spells it: SQLite uses one that is partial for nothing else.
        return oldest.where(text("status = 'done'")) if model is Verification else oldest
