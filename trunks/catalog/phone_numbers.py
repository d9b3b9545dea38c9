"""The phone numbers of the customers' trunks: entered, assigned, removed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from trunks.catalog.new_trunk import NewNumber
from trunks.clock import Clock
from trunks.errors import NumberInUse, NumberNotFound, NumberTaken, StillBeingMade
from trunks.ids import new_id
from trunks.models.phone_number import PhoneNumber
from trunks.models.trunk import Trunk
from trunks.phone_numbers import key_of, meant_by
from trunks.provisions.requests import ProvisionRequests
from trunks.repositories.phone_numbers import PhoneNumbers
from trunks.repositories.trunks import Trunks, owned
from trunks.store.database import Database
from trunks.tenancy.tenants import Caller
from trunks.voice.provisioner import ProvisionerName


def enter_number(
    session: Session, trunk: Trunk, new: NewNumber, now: datetime, *, number_id: UUID | None = None
) -> PhoneNumber:
    """Enter a number of a trunk that is kept from being removed meanwhile. Raises NumberTaken, StillBeingMade."""
    e164 = meant_by(new.number)
    number = PhoneNumber(
        id=number_id or new_id(),
        environment_id=trunk.environment_id,
        trunk_id=trunk.id,
        key=key_of(new.number),
        number=new.number,
        e164=None if e164 is None else e164.text,
        country_code=new.country_code,
        name=new.name,
        created_at=now,
        updated_at=now,
    )
    holder = PhoneNumbers(session).holder(trunk.environment_id, number.key)
    if holder is not None:
        raise StillBeingMade if holder.is_draft else NumberTaken
    try:
        PhoneNumbers(session).add(number)
    except IntegrityError as error:  # entered by another request between the look and the writing
        raise NumberTaken from error
    return number


def replace_numbers(session: Session, trunk: Trunk, wanted: Sequence[NewNumber], now: datetime) -> None:
    """Let a trunk have these numbers and no others. Raises NumberTaken, NumberInUse."""
    numbers = PhoneNumbers(session)
    there = {number.key: number for number in numbers.all_of([trunk.id])}
    keys = [key_of(new.number) for new in wanted]
    for key, number in there.items():
        if key in keys:
            continue
        if number.assigned_to is not None:
            raise NumberInUse
        numbers.remove(number)
    for key, new in dict(zip(keys, wanted, strict=True)).items():
        if key in there:
            there[key].name = new.name
        else:
            enter_number(session, trunk, new, now)


@dataclass(frozen=True, slots=True)
class NumberCatalog:
    database: Database
    provisioner: ProvisionerName
    clock: Clock

    def add(
        self, caller: Caller, trunk_id: UUID, new: NewNumber, *, number_id: UUID | None = None
    ) -> PhoneNumber:
        """Enter a number; one of this trunk's that has this id already is the one.

        Raises TrunkNotFound, NumberTaken, StillBeingMade.
        """
        with self.database.write() as session:
            # Kept from being removed meanwhile, since the number would go with it.
            trunk = owned(Trunks(session).steady(trunk_id), caller.environment_id)
            made = None if number_id is None else PhoneNumbers(session).of(trunk_id, number_id)
            if made is not None:
                return made
            number = enter_number(session, trunk, new, self.clock(), number_id=number_id)
            ProvisionRequests(session, self.provisioner).changed(trunk_id, self.clock())
            return number

    def page(
        self, caller: Caller, trunk_id: UUID, *, limit: int, before: UUID | None = None
    ) -> Sequence[PhoneNumber]:
        """List a trunk's numbers, newest first. Raises TrunkNotFound."""
        with self.database.read() as session:
            Trunks(session).get(caller.environment_id, trunk_id)
            return PhoneNumbers(session).page(trunk_id, limit=limit, before=before)

    def assign(self, caller: Caller, trunk_id: UUID, number_id: UUID, assigned_to: str | None) -> PhoneNumber:
        """Set what uses a number, or that nothing does. Raises TrunkNotFound, NumberNotFound."""
        with self.database.write() as session:
            number = self._find(session, caller, trunk_id, number_id)
            number.assigned_to = assigned_to
            number.updated_at = self.clock()
            return number

    def remove(self, caller: Caller, trunk_id: UUID, number_id: UUID) -> None:
        """Remove a number. Raises TrunkNotFound, NumberNotFound, NumberInUse."""
        with self.database.write() as session:
            number = self._find(session, caller, trunk_id, number_id)
            if number.assigned_to is not None:
                raise NumberInUse
            PhoneNumbers(session).remove(number)
            ProvisionRequests(session, self.provisioner).changed(trunk_id, self.clock())

    def _find(self, session: Session, caller: Caller, trunk_id: UUID, number_id: UUID) -> PhoneNumber:
        # Steady, as in add(): an edit that replaces the numbers finds those that are there.
        owned(Trunks(session).steady(trunk_id), caller.environment_id)
        number = PhoneNumbers(session).locked(trunk_id, number_id)
        if number is None:
            raise NumberNotFound
        return number
