"""Phone numbers: one row for a number in an environment."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select

from trunks.models.phone_number import PhoneNumber
from trunks.repositories.repository import Repository


class PhoneNumbers(Repository):
    def add(self, number: PhoneNumber) -> None:
        """Enter a number. Raises IntegrityError where the environment has it."""
        self._session.add(number)
        self._session.flush()

    def taken(self, environment_id: UUID, key: str) -> bool:
        return self._exists(PhoneNumber.environment_id == environment_id, PhoneNumber.key == key)

    def any_of(self, trunk_id: UUID) -> bool:
        return self._exists(PhoneNumber.trunk_id == trunk_id)

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

    def all_of(self, trunk_ids: Sequence[UUID]) -> Sequence[PhoneNumber]:
        """List the numbers of trunks in the order in which they were entered."""
        return self._session.scalars(
            select(PhoneNumber).where(PhoneNumber.trunk_id.in_(trunk_ids)).order_by(PhoneNumber.id)
        ).all()

    def remove(self, number: PhoneNumber) -> None:
        self._session.execute(delete(PhoneNumber).where(PhoneNumber.id == number.id))
