"""Phone numbers: one row for a number in an environment."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.orm import aliased

from trunks.models.phone_number import PhoneNumber
from trunks.models.trunk import Trunk
from trunks.repositories.among import among
from trunks.repositories.repository import Repository

# For one that can call.
_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class ListedNumber:
    """What a list shows of a number."""

    id: UUID
    trunk_id: UUID
    number: str
    e164: str | None
    name: str | None
    country_code: str | None
    created_at: datetime
    updated_at: datetime

    @property
    def normal(self) -> str:
        """The number in E.164, or as it was given where it is none."""
        return self.e164 or self.number


_LISTED = (getattr(PhoneNumber, field.name) for field in fields(ListedNumber))
_EARLIER = aliased(PhoneNumber)
# The last that is shown of each is found in the index, however many come after it.
_LAST_SHOWN = (
    select(_EARLIER.id)
    .where(_EARLIER.trunk_id == Trunk.id)
    .order_by(_EARLIER.id)
    .offset(bindparam("last"))
    .limit(1)
    .correlate(Trunk)
    .scalar_subquery()
)
_FIRST = (
    select(*_LISTED)
    .join(Trunk, Trunk.id == PhoneNumber.trunk_id)
    .where(
        Trunk.id.in_(bindparam("trunk_ids", expanding=True)),
        PhoneNumber.id <= func.coalesce(_LAST_SHOWN, PhoneNumber.id),
    )
    .order_by(PhoneNumber.trunk_id, PhoneNumber.id)
)


class PhoneNumbers(Repository):
    def add(self, number: PhoneNumber) -> None:
        """Enter a number. Raises IntegrityError where the environment has it."""
        self._session.add(number)
        self._session.flush()

    def taken(self, environment_id: UUID, key: str) -> bool:
        return self._exists(PhoneNumber.environment_id == environment_id, PhoneNumber.key == key)

    def holder(self, environment_id: UUID, key: str) -> Trunk | None:
        """Find the tenant's trunk, or draft, that has a number."""
        return self._session.scalar(
            select(Trunk)
            .join(PhoneNumber, PhoneNumber.trunk_id == Trunk.id)
            .where(PhoneNumber.environment_id == environment_id, PhoneNumber.key == key)
        )

    def of(self, trunk_id: UUID, number_id: UUID) -> PhoneNumber | None:
        return self._session.scalar(
            select(PhoneNumber).where(PhoneNumber.id == number_id, PhoneNumber.trunk_id == trunk_id)
        )

    def any_of(self, trunk_id: UUID) -> bool:
        return self._exists(PhoneNumber.trunk_id == trunk_id)

    def any_assigned(self, trunk_id: UUID) -> bool:
        return self._exists(PhoneNumber.trunk_id == trunk_id, PhoneNumber.assigned_to.is_not(None))

    def first_id(self, trunk_id: UUID) -> UUID | None:
        """Find the number that was entered first."""
        query = select(PhoneNumber.id).where(PhoneNumber.trunk_id == trunk_id)
        return self._session.scalar(query.order_by(PhoneNumber.id).limit(1))

    def locked(self, trunk_id: UUID, number_id: UUID) -> PhoneNumber | None:
        """Find a number of a trunk, locked."""
        return self._session.scalar(
            select(PhoneNumber)
            .where(PhoneNumber.id == number_id, PhoneNumber.trunk_id == trunk_id)
            .with_for_update(of=PhoneNumber)
        )

    def page(self, trunk_id: UUID, *, limit: int, before: UUID | None) -> Sequence[PhoneNumber]:
        """List a trunk's numbers, newest first, from the one before `before` on."""
        query = select(PhoneNumber).where(PhoneNumber.trunk_id == trunk_id)
        return self._newest(query, PhoneNumber, limit=limit, before=before)

    def first_of(self, trunk_ids: Sequence[UUID], *, limit: int) -> Sequence[ListedNumber]:
        """List the numbers of trunks in the order in which they were entered, so many of each at most."""
        rows = self._session.execute(_FIRST, {"trunk_ids": trunk_ids, "last": limit - 1})
        return [ListedNumber(*row) for row in rows]

    def callers_of(self, trunk_ids: Sequence[UUID]) -> dict[UUID, str]:
        """Give for each of these trunks its first number in E.164, of those that are shown; none for the others."""
        callers: dict[UUID, str] = {}
        if not trunk_ids:
            return callers
        for number in self.first_of(trunk_ids, limit=_LOOKED_AT):
            if number.e164 is not None:
                callers.setdefault(number.trunk_id, number.e164)
        return callers

    def count_of(self, trunk_ids: Sequence[UUID]) -> dict[UUID, int]:
        """Count the numbers of those trunks that have one."""
        if not trunk_ids:
            return {}
        rows = self._session.execute(
            select(PhoneNumber.trunk_id, func.count())
            .where(among(self._session, PhoneNumber.trunk_id, trunk_ids))
            .group_by(PhoneNumber.trunk_id)
        )
        return {row[0]: row[1] for row in rows}

    def all_of(self, trunk_ids: Sequence[UUID]) -> Sequence[PhoneNumber]:
        """List the numbers of trunks in the order in which they were entered."""
        return self._session.scalars(
            select(PhoneNumber).where(PhoneNumber.trunk_id.in_(trunk_ids)).order_by(PhoneNumber.id)
        ).all()

    def has_line(self, trunk_id: UUID, line: str) -> bool:
        return self._exists(
            PhoneNumber.trunk_id == trunk_id, func.coalesce(PhoneNumber.e164, PhoneNumber.number) == line
        )

    def remove_line(self, trunk_id: UUID, line: str) -> bool:
        """Remove a number of a trunk by what it means, or as it was given; false where there is none."""
        removed = self._session.execute(
            delete(PhoneNumber)
            .where(
                PhoneNumber.trunk_id == trunk_id, func.coalesce(PhoneNumber.e164, PhoneNumber.number) == line
            )
            .returning(PhoneNumber.id)
        )
        return removed.first() is not None

    def remove(self, number: PhoneNumber) -> None:
        self._session.execute(delete(PhoneNumber).where(PhoneNumber.id == number.id))
