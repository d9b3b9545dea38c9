"""The phone numbers of the customers' trunks: entered, assigned, removed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from trunks.catalog.new_trunk import NewNumber
from trunks.catalog.number_claims import ClaimDesk
from trunks.catalog.trunk_edit import NewLine
from trunks.clock import Clock
from trunks.errors import NumberInUse, NumberNotFound, NumberTaken, StillBeingMade
from trunks.ids import new_id
from trunks.models.phone_number import PhoneNumber
from trunks.models.trunk import Trunk
from trunks.provisions.requests import ProvisionRequests
from trunks.repositories.phone_numbers import PhoneNumbers
from trunks.repositories.trunk_profiles import TrunkProfiles
from trunks.repositories.trunks import Trunks, owned
from trunks.rules.phone_numbers import key_of, meant_by
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
        raise StillBeingMade if holder.is_draft else NumberTaken(new.number)
    try:
        PhoneNumbers(session).add(number)
    except IntegrityError as error:  # entered by another request between the look and the writing
        raise NumberTaken(new.number) from error
    return number


def replace_numbers(session: Session, trunk: Trunk, wanted: Sequence[NewNumber], now: datetime) -> None:
    """Let a trunk have these numbers and no others. Raises NumberTaken, NumberInUse."""
    numbers = PhoneNumbers(session)
    # Not by the keys: those that were entered long ago may be keys of another reading.
    there = {key_of(number.number): number for number in numbers.all_of([trunk.id])}
    keys = [key_of(new.number) for new in wanted]
    for key, number in there.items():
        if key not in keys:
            _refuse_in_use(number)
            numbers.remove(number)
    for key, new in dict(zip(keys, wanted, strict=True)).items():
        if key in there:
            _rename(there[key], new.name, now)
        else:
            enter_number(session, trunk, new, now)


def replace_line(session: Session, trunk: Trunk, line: NewLine, now: datetime) -> None:
    """Let a trunk's line be another; its other numbers stay. Raises NumberTaken, NumberInUse."""
    numbers = PhoneNumbers(session)
    there = None if line.replaced is None else numbers.locked(trunk.id, line.replaced)
    if line.number is None:
        if there is not None:
            _refuse_in_use(there)
            numbers.remove(there)
        return
    if there is None:
        _enter_first(session, trunk, line.number, now)
    elif there.number != line.number.number:
        _become(session, there, line.number, now)


def _become(session: Session, there: PhoneNumber, new: NewNumber, now: datetime) -> None:
    """Let a row carry another number: it keeps its place, since a trunk's first number is its line."""
    key, meant = key_of(new.number), meant_by(new.number)
    if key != there.key:
        _refuse_in_use(there)
        if PhoneNumbers(session).taken(there.environment_id, key):
            raise NumberTaken(new.number)
    there.key, there.number, there.country_code = key, new.number, new.country_code
    there.e164 = None if meant is None else meant.text
    there.updated_at = now
    try:
        session.flush()
    except IntegrityError as error:  # entered by another request between the look and the writing
        raise NumberTaken(new.number) from error


def _enter_first(session: Session, trunk: Trunk, new: NewNumber, now: datetime) -> None:
    """Enter a number before those that a trunk has: their order is that of their ids."""
    first = PhoneNumbers(session).first_id(trunk.id)
    before = None if first is None else UUID(int=first.int - 1)
    enter_number(session, trunk, new, now, number_id=before)


def _rename(number: PhoneNumber, name: str | None, now: datetime) -> None:
    if number.name != name:
        number.name, number.updated_at = name, now


def _refuse_in_use(number: PhoneNumber) -> None:
    if number.assigned_to is not None:
        raise NumberInUse(number.number)


@dataclass(frozen=True, slots=True)
class NumberCatalog:
    database: Database
    provisioner: ProvisionerName
    clock: Clock

    def add(
        self, caller: Caller, trunk_id: UUID, new: NewNumber, *, number_id: UUID | None = None
    ) -> PhoneNumber:
        """Enter a number; one of this trunk's that has this id already is the one.

        Raises TrunkNotFound, NumberTaken, NumberInUseElsewhere, TooManyNumbers, StillBeingMade.
        """
        with self.database.write() as session:
            # Kept from being removed meanwhile, since the number would go with it.
            trunk = owned(Trunks(session).steady(trunk_id), caller.environment_id)
            made = None if number_id is None else PhoneNumbers(session).of(trunk_id, number_id)
            if made is not None:
                return made
            now = self.clock()
            desk = ClaimDesk(session, self.provisioner, now)
            desk.require_room(caller.environment_id, 1)
            number = enter_number(session, trunk, new, now, number_id=number_id)
            desk.claim(trunk, number.e164 or number.number)
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
            if number.assigned_to != assigned_to:
                number.assigned_to = assigned_to
                number.updated_at = self.clock()
            return number

    def remove(self, caller: Caller, trunk_id: UUID, number_id: UUID) -> None:
        """Remove a number. Raises TrunkNotFound, NumberNotFound, NumberInUse."""
        with self.database.write() as session:
            number = self._find(session, caller, trunk_id, number_id)
            _refuse_in_use(number)
            PhoneNumbers(session).remove(number)
            trunk = session.get_one(Trunk, trunk_id)
            extension = TrunkProfiles(session).of(trunk_id).extension
            ClaimDesk(session, self.provisioner, self.clock()).settle(trunk, extension)
            ProvisionRequests(session, self.provisioner).changed(trunk_id, self.clock())

    def _find(self, session: Session, caller: Caller, trunk_id: UUID, number_id: UUID) -> PhoneNumber:
        # Steady, as in add(): an edit that replaces the numbers finds those that are there.
        owned(Trunks(session).steady(trunk_id), caller.environment_id)
        number = PhoneNumbers(session).locked(trunk_id, number_id)
        if number is None:
            raise NumberNotFound
        return number
