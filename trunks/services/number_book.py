"""The phone numbers of the customers' trunks: entered, assigned, removed."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from trunks.clock import Clock, utc_now
from trunks.database import Database
from trunks.errors import NumberInUse, NumberNotFound, NumberTaken, TrunkNotFound
from trunks.ids import new_id
from trunks.models.phone_number import PhoneNumber
from trunks.phone_numbers import read_digits
from trunks.repositories.phone_numbers import PhoneNumbers
from trunks.repositories.trunks import Trunks
from trunks.services.tenants import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNumber:
    """A number as the customer gives it, judged already by the dialect."""

    number: str
    country_code: str | None = None
    name: str | None = None


class NumberBook:
    def __init__(self, database: Database, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    def add(self, caller: Caller, trunk_id: UUID, new: NewNumber) -> PhoneNumber:
        """Enter a number. Raises TrunkNotFound, NumberTaken."""
        now = self._clock()
        e164 = read_digits(new.number)
        number = PhoneNumber(
            id=new_id(),
            environment_id=caller.environment_id,
            trunk_id=trunk_id,
            key=e164.text if e164 is not None else new.number,
            number=new.number,
            e164=None if e164 is None else e164.text,
            country_code=new.country_code,
            name=new.name,
            created_at=now,
            updated_at=now,
        )
        try:
            with self._database.write() as session:
                # Kept from being removed meanwhile, since the number would go with it.
                trunk = Trunks(session).steady(trunk_id)
                if trunk is None or trunk.environment_id != caller.environment_id or trunk.is_draft:
                    raise TrunkNotFound
                if PhoneNumbers(session).taken(caller.environment_id, number.key):
                    raise NumberTaken
                PhoneNumbers(session).add(number)
        except IntegrityError as error:  # entered by another request between the look and the writing
            raise NumberTaken from error
        return number

    def page(
        self, caller: Caller, trunk_id: UUID, *, limit: int, before: UUID | None = None
    ) -> Sequence[PhoneNumber]:
        """List a trunk's numbers, newest first. Raises TrunkNotFound."""
        with self._database.read() as session:
            if Trunks(session).of(caller.environment_id, trunk_id) is None:
                raise TrunkNotFound
            return PhoneNumbers(session).page(trunk_id, limit=limit, before=before)

    def assign(self, caller: Caller, trunk_id: UUID, number_id: UUID, assigned_to: str | None) -> PhoneNumber:
        """Note what uses a number, or that nothing does. Raises TrunkNotFound, NumberNotFound."""
        with self._database.write() as session:
            number = self._find(session, caller, trunk_id, number_id)
            number.assigned_to = assigned_to
            number.updated_at = self._clock()
            return number

    def remove(self, caller: Caller, trunk_id: UUID, number_id: UUID) -> None:
        """Remove a number. Raises TrunkNotFound, NumberNotFound, NumberInUse."""
        with self._database.write() as session:
            number = self._find(session, caller, trunk_id, number_id)
            if number.assigned_to is not None:
                raise NumberInUse
            PhoneNumbers(session).remove(number)

    def _find(self, session: Session, caller: Caller, trunk_id: UUID, number_id: UUID) -> PhoneNumber:
        if Trunks(session).of(caller.environment_id, trunk_id) is None:
            raise TrunkNotFound
        number = PhoneNumbers(session).locked(trunk_id, number_id)
        if number is None:
            raise NumberNotFound
        return number
