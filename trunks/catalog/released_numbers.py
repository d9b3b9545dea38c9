"""A number taken off the trunk that has it, by an operator, and given to another."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.diagnosis.inbound.numbers import normalised
from trunks.catalog.new_trunk import NewNumber
from trunks.catalog.number_claims import ClaimDesk
from trunks.catalog.phone_numbers import enter_number
from trunks.clock import Clock
from trunks.errors import NumberNotFound, TrunkNotFound
from trunks.models.number_claim import NumberClaim
from trunks.models.trunk import Trunk
from trunks.provisions.requests import ProvisionRequests
from trunks.repositories.number_claims import NumberClaims
from trunks.repositories.phone_numbers import PhoneNumbers
from trunks.repositories.trunks import Flips, Trunks
from trunks.rules.phone_numbers import key_of
from trunks.rules.trunk_state import Cause
from trunks.store.database import Database
from trunks.voice.provisioner import ProvisionerName


@dataclass(frozen=True, slots=True)
class Released:
    """Whose the number was."""

    holder_id: UUID
    environment_id: UUID


@dataclass(frozen=True, slots=True)
class ReleasedNumbers:
    database: Database
    provisioner: ProvisionerName
    clock: Clock

    def release(self, number: str, *, to: UUID | None = None) -> Released:
        """Take a number off its trunk, and give it to another.

        Both see it in their events. Raises NumberNotFound, TrunkNotFound, NumberTaken.
        """
        with self.database.write() as session:
            holder = NumberClaims(session).holder(normalised(key_of(number)))
            if holder is None:
                raise NumberNotFound(f"No trunk here has the number {number}.")
            if holder.is_extension:
                raise NumberNotFound(f"{number} is an extension of trunk {holder.trunk_id}, which it keeps.")
            if holder.trunk_id == to:
                raise TrunkNotFound(f"Trunk {to} has the number {number} already.")
            trunks = Trunks(session).locked_among(
                {holder.trunk_id, *(() if to is None else (to,))}, skip_locked=False
            )
            if to is not None and (to not in trunks or trunks[to].is_draft):
                raise TrunkNotFound(f"There is no trunk {to}.")
            released = Released(holder.trunk_id, holder.environment_id)
            self._take(session, holder, trunks[holder.trunk_id])
            if to is not None:
                self._give(session, trunks[to], holder.line)
            return released

    def _take(self, session: Session, holder: NumberClaim, trunk: Trunk) -> None:
        now = self.clock()
        PhoneNumbers(session).remove_line(trunk.id, holder.line)
        # Not to whoever else has it from former times: an operator has decided.
        NumberClaims(session).remove(trunk.id, [holder.number])
        _note(session, trunk, [holder.line, None], self)
        ProvisionRequests(session, self.provisioner).changed_unseen(trunk.id, now)

    def _give(self, session: Session, trunk: Trunk, line: str) -> None:
        now = self.clock()
        held = PhoneNumbers(session).has_line(trunk.id, line)
        if not held:
            enter_number(session, trunk, NewNumber(number=line), now)
        ClaimDesk(session, self.provisioner, now).claim(trunk, line)
        _note(session, trunk, [None, line], self)
        ProvisionRequests(session, self.provisioner).changed_unseen(trunk.id, now)


def _note(session: Session, trunk: Trunk, change: list[str | None], by: ReleasedNumbers) -> None:
    Flips(session).record(
        {trunk.id: trunk.generation}, Cause.PROVISIONING, {"phone_number": change}, by.clock()
    )
