"""Rows that have outlived their keeping: found without a lock, and removed by their ids."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, exists, func, or_, select, text, tuple_
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlalchemy.sql.elements import ColumnElement

from trunks.models.base import Base
from trunks.models.console_session import ConsoleSession
from trunks.models.edge_budget import EdgeBudget, EdgeShare, EdgeSlot
from trunks.models.flip import Flip
from trunks.models.given_up_side import GivenUpSide
from trunks.models.health_rollup import DailyRollup
from trunks.models.idempotent_request import IdempotentRequest
from trunks.models.incident import Incident
from trunks.models.knock import KnockRow, KnockWait
from trunks.models.live_ladder import LiveLadder
from trunks.models.maintenance import Maintenance
from trunks.models.mass_fall import MassFall
from trunks.models.placed_call import CallQuota, PlacedCall
from trunks.models.shared_page import SharedPage
from trunks.models.verification import Verification
from trunks.models.webhook import WebhookDelivery, WebhookMessage
from trunks.models.worker import Worker
from trunks.repositories.among import among
from trunks.repositories.maintenances import Held
from trunks.repositories.repository import Repository
from trunks.rules.delivery import DeliveryStatus

NEWEST_RUNS = 20

Place = tuple[datetime | None, UUID]
"""Where a walk through a table has come to: the moment that it is walked by, if by one, and the row."""


@dataclass(frozen=True, slots=True)
class Aging:
    """How the rows of a table age: since when, and which of the old ones may go (all, unless said).

    Without `indexed` the table is walked by its ids; `always` are conditions of every row that is looked at.
    """

    model: type[Base]
    since: InstrumentedAttribute[Any]
    indexed: bool = True
    always: ColumnElement[bool] | None = None
    may_go: ColumnElement[bool] | None = None

    def is_old(self, before: datetime) -> ColumnElement[bool]:
        old = self.since < before
        return old if self.may_go is None else and_(old, self.may_go)


@dataclass(frozen=True, slots=True)
class Looked:
    """A page of a walk: each row's place, and whether it goes; `ended` when there was no more."""

    places: Sequence[Place]
    goes: Sequence[bool]
    ended: bool

    @property
    def old(self) -> list[UUID]:
        return [place[1] for place, goes in zip(self.places, self.goes, strict=True) if goes]


def _beyond_the_newest() -> ColumnElement[bool]:
    other = aliased(Verification)
    newer = (
        select(other.id)
        .where(other.trunk_id == Verification.trunk_id, other.id > Verification.id)
        .limit(NEWEST_RUNS)
        .correlate(Verification)
        .subquery()
    )
    return select(func.count()).select_from(newer).scalar_subquery() >= NEWEST_RUNS


def _is_shared() -> ColumnElement[bool]:
    """Whoever was given a link is shown the run until it expires."""
    return select(SharedPage.id).where(SharedPage.verification_id == Verification.id).exists()


RUNS = Aging(
    Verification,
    Verification.finished_at,
    # As the index spells it: SQLite uses one that is partial for nothing else.
    always=text("status = 'done'"),  # type: ignore[arg-type]
    may_go=_beyond_the_newest() & ~_is_shared(),
)
CALLS = Aging(
    PlacedCall,
    PlacedCall.finished_at,
    always=text("status = 'done'"),  # type: ignore[arg-type]
)
CALL_QUOTAS = Aging(CallQuota, CallQuota.last_at)
FLIPS = Aging(Flip, Flip.at)
DAILY_ROLLUPS = Aging(DailyRollup, DailyRollup.day)
MASS_FALLS = Aging(MassFall, MassFall.released_at, indexed=False)
IDLE_BUDGETS = Aging(EdgeBudget, EdgeBudget.refilled_at, indexed=False)
LOST_SLOTS = Aging(EdgeSlot, EdgeSlot.lease_until, indexed=False)
LEFT_SHARES = Aging(EdgeShare, EdgeShare.wanted_until, indexed=False)
KNOCKS = Aging(KnockRow, KnockRow.at)
KNOCK_WAITS = Aging(KnockWait, KnockWait.until, indexed=False)
GIVEN_UP_SIDES = Aging(GivenUpSide, GivenUpSide.given_up_at)
INCIDENTS = Aging(Incident, Incident.closed_at, indexed=False)
MAINTENANCES = Aging(Maintenance, Maintenance.until_at, indexed=False)
SHARED_PAGES = Aging(SharedPage, SharedPage.expires_at)
# Few: they go with the end of their runs, unless a worker was killed.
LEFT_LADDERS = Aging(LiveLadder, LiveLadder.written_at, indexed=False)
CONSOLE_SESSIONS = Aging(ConsoleSession, ConsoleSession.expires_at)
# Their deliveries go with them.
MESSAGES = Aging(WebhookMessage, WebhookMessage.at)
KEPT_ANSWERS = Aging(IdempotentRequest, IdempotentRequest.created_at)
LOST_WORKERS = Aging(Worker, Worker.seen_at, indexed=False)


def messages_but_held(held: Held, at_most_before: datetime) -> Aging:
    """Messages, but those with a delivery that waits and is held; of these what is older than `at_most_before` goes."""
    if not held:
        return MESSAGES
    waits = exists().where(
        WebhookDelivery.message_id == WebhookMessage.id,
        WebhookDelivery.status == DeliveryStatus.WAITING,
        held.holds(WebhookDelivery.about_trunk_id),
    )
    return replace(MESSAGES, may_go=or_(WebhookMessage.at < at_most_before, ~waits))


class OldRows(Repository):
    def look(self, aging: Aging, before: datetime, *, after: Place | None, limit: int) -> Looked:
        """Look at the next rows of a table, oldest first, or by their ids where no index knows their age."""
        row = aging.model
        query = select(aging.since if aging.indexed else row.id, row.id, aging.is_old(before))
        if aging.always is not None:
            query = query.where(aging.always)
        if aging.indexed:
            query = query.where(aging.since < before).order_by(aging.since, row.id)
            if after is not None:
                # The first half is what an index on the moment alone can use.
                query = query.where(aging.since >= after[0], tuple_(aging.since, row.id) > after)
        else:
            query = query.order_by(row.id)
            if after is not None:
                query = query.where(row.id > after[1])
        found = self._session.execute(query.limit(limit)).all()
        return Looked(
            [(moment if aging.indexed else None, row_id) for moment, row_id, _ in found],
            [bool(goes) for _, _, goes in found],
            len(found) < limit,
        )

    def remove(self, aging: Aging, before: datetime, ids: Sequence[UUID]) -> int:
        """Remove those of these rows that are still old and that nobody has locked; give their number."""
        row = aging.model
        free = self._session.scalars(
            select(row.id)
            .where(among(self._session, row.id, ids), aging.is_old(before))
            .with_for_update(skip_locked=True)
        ).all()
        if free:
            self._session.execute(
                delete(row)
                .where(among(self._session, row.id, free))
                .execution_options(synchronize_session=False)
            )
        return len(free)
