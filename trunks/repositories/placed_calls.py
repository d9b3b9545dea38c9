"""Test calls and their quotas: whoever changes one has locked it first, and found that it is still his."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import TextClause, bindparam, literal, select
from sqlalchemy.orm import undefer
from sqlalchemy.sql.elements import ColumnElement

from trunks.models.base import UtcDateTime
from trunks.models.environment import Environment
from trunks.models.open_call import OpenCall
from trunks.models.phone_number import PhoneNumber
from trunks.models.placed_call import QUEUED_CALLS, RUNNING_CALLS, CallQuota, PlacedCall
from trunks.models.verification import VerificationStatus
from trunks.repositories.insert_or import insert_or_ignore
from trunks.repositories.repository import Repository, in_parts
from trunks.rules.phone_numbers import E164

RUNNING, DONE = VerificationStatus.RUNNING, VerificationStatus.DONE

# For the countries of an environment.
_NUMBERS_LOOKED_AT = 1000


def _lost(now: ColumnElement[datetime]) -> tuple[ColumnElement[bool] | TextClause, ...]:
    still_up = select(OpenCall.id).where(OpenCall.run_id == PlacedCall.id).exists()
    return RUNNING_CALLS, PlacedCall.lease_until <= now, ~still_up


_ANY_QUEUED = select(PlacedCall.id).where(QUEUED_CALLS).limit(1)
_ANY_LOST = select(PlacedCall.id).where(*_lost(bindparam("now", type_=UtcDateTime()))).limit(1)


class PlacedCalls(Repository):
    def add(self, call: PlacedCall) -> None:
        self._session.add(call)

    def is_open(self, trunk_id: UUID) -> bool:
        return self._exists(PlacedCall.trunk_id == trunk_id, PlacedCall.status != DONE)

    def of(self, trunk_id: UUID, call_id: UUID) -> PlacedCall | None:
        """Find a call, with its report."""
        return self._session.scalar(
            select(PlacedCall)
            .where(PlacedCall.id == call_id, PlacedCall.trunk_id == trunk_id)
            .options(undefer(PlacedCall.report))
        )

    def page(self, trunk_id: UUID, *, limit: int, before: UUID | None) -> Sequence[PlacedCall]:
        """List a trunk's calls, newest first, from the one before `before` on."""
        query = select(PlacedCall).where(PlacedCall.trunk_id == trunk_id)
        return self._newest(query, PlacedCall, limit=limit, before=before)

    def any_queued(self) -> bool:
        return self._is_so(_ANY_QUEUED)

    def any_lost(self, now: datetime) -> bool:
        return self._is_so(_ANY_LOST, now=now)

    def queued(self, *, limit: int) -> Sequence[PlacedCall]:
        """List those that wait, the oldest first, locked."""
        return self._session.scalars(
            select(PlacedCall)
            .where(QUEUED_CALLS)
            .order_by(PlacedCall.requested_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()

    def lost(self, now: datetime, *, limit: int) -> Sequence[PlacedCall]:
        """List those whose worker is gone, and that nobody has to end any more, locked."""
        return self._session.scalars(
            select(PlacedCall)
            .where(*_lost(literal(now, UtcDateTime())))
            .order_by(PlacedCall.lease_until)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()

    def claimed(self, call_id: UUID, claim_id: UUID) -> PlacedCall | None:
        """Find a call that is still this claim's, locked."""
        return self._session.scalar(
            select(PlacedCall)
            .where(PlacedCall.id == call_id, PlacedCall.claim_id == claim_id, PlacedCall.status == RUNNING)
            .with_for_update()
        )

    def renew(self, call_id: UUID, claim_id: UUID, lease_until: datetime) -> bool:
        """Let a claim last longer; false where it is lost."""
        return self._change(
            PlacedCall,
            PlacedCall.id == call_id,
            PlacedCall.claim_id == claim_id,
            PlacedCall.status == RUNNING,
            lease_until=lease_until,
        )

    def open_among(self, ids: Collection[UUID]) -> set[UUID]:
        """Which of these are not done."""
        found: set[UUID] = set()
        for part in in_parts(ids):
            found.update(
                self._session.scalars(
                    select(PlacedCall.id).where(PlacedCall.id.in_(part), PlacedCall.status != DONE)
                )
            )
        return found


class CallQuotas(Repository):
    def locked(self, keys: Collection[str], now: datetime) -> Mapping[str, CallQuota]:
        """Find or make these, in one order, and keep others off them."""
        for key in sorted(keys):
            insert_or_ignore(
                self._session, CallQuota, {"key": key, "called_at": [], "last_at": now}, unique=["key"]
            )
        rows = self._session.scalars(
            select(CallQuota).where(CallQuota.key.in_(sorted(keys))).order_by(CallQuota.key).with_for_update()
        )
        return {row.key: row for row in rows}


class CallRights(Repository):
    def of(self, environment_id: UUID) -> tuple[bool, str | None]:
        """Whether an environment may make test calls, and the countries that the operator named."""
        row = self._session.execute(
            select(Environment.allow_test_calls, Environment.call_countries).where(
                Environment.id == environment_id
            )
        ).one()
        return row.allow_test_calls, row.call_countries

    def countries_of_numbers(self, environment_id: UUID) -> set[str]:
        found = self._session.scalars(
            select(PhoneNumber.e164)
            .where(PhoneNumber.environment_id == environment_id, PhoneNumber.e164.is_not(None))
            .order_by(PhoneNumber.id)
            .limit(_NUMBERS_LOOKED_AT)
        )
        countries = {E164(number).country for number in found if number is not None}
        return {country for country in countries if country is not None}
