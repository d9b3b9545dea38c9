"""One number, one trunk, over the whole installation (docs/design/infrastructure.md, "Numbers").

Kept without a provisioner too, where several may have one number: so they are known on the day that there is one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from sipcheck.diagnosis.inbound.numbers import normalised
from trunks.errors import NumberInUseElsewhere, TooManyNumbers
from trunks.models.number_claim import NumberClaim
from trunks.models.trunk import Trunk
from trunks.provisions.requests import ProvisionRequests
from trunks.repositories.number_claims import NumberClaims
from trunks.repositories.phone_numbers import PhoneNumbers
from trunks.repositories.tenants import Environments
from trunks.repositories.trunks import Flips, Trunks
from trunks.rules.extension_number import extension_numbers
from trunks.rules.trunk_state import Cause
from trunks.voice.provisioner import ProvisionerName

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ClaimDesk:
    """Works inside a transaction of its caller, which keeps every other writer off the trunk."""

    session: Session
    provisioner: ProvisionerName
    now: datetime

    def claim(self, trunk: Trunk, line: str) -> None:
        """Let a trunk have a number. Raises NumberInUseElsewhere where another one keeps it."""
        number = normalised(line)
        claims = NumberClaims(self.session)
        if claims.enter(trunk, number, line, self.now):
            return
        holder = claims.holder(number)
        if holder is None:
            # Given up between the two statements.
            self.claim(trunk, line)
        elif holder.trunk_id != trunk.id and self.provisioner is not ProvisionerName.NONE:
            if not self._yields(holder, trunk):
                raise self._contested(holder, trunk, line)
            self._take_away(holder, trunk)
            self.claim(trunk, line)

    def claim_extension(self, trunk: Trunk, extension: str) -> None:
        """Let a trunk have an extension: by itself, or by a number of its own where another environment has it.

        Raises NumberInUseElsewhere where another trunk of the same environment has it.
        """
        claims = NumberClaims(self.session)
        provisions = self.provisioner is not ProvisionerName.NONE
        if provisions and claims.has_extension(trunk.environment_id, extension, but=trunk.id):
            raise NumberInUseElsewhere(extension)
        for number in (normalised(extension), *extension_numbers(trunk.environment_id, extension)):
            if claims.enter(trunk, number, extension, self.now, is_extension=True):
                return
            holder = claims.holder(number)
            if holder is None or holder.trunk_id == trunk.id:
                continue
            if provisions and not holder.is_extension:
                raise self._contested(holder, trunk, extension)
        raise NumberInUseElsewhere(extension)

    def settle(self, trunk: Trunk, extension: str | None) -> None:
        """Bring a trunk's claims to what its rows say. Raises NumberInUseElsewhere."""
        self.session.flush()
        claims = NumberClaims(self.session)
        wanted, held = claims.lines_of(trunk.id), claims.of(trunk.id)
        self._release(trunk.id, [each for each in held if not _stands(each, wanted, extension)])
        kept = {each.number for each in held if _stands(each, wanted, extension)}
        if extension is not None and not any(each.is_extension and each.number in kept for each in held):
            self.claim_extension(trunk, extension)
        for number, line in wanted.items():
            if number not in kept:
                self.claim(trunk, line)

    def settle_what_is_left(self, trunk: Trunk, extension: str | None) -> None:
        """The same where an edit is taken back: what somebody else took meanwhile is his."""
        while True:
            try:
                self.settle(trunk, extension)
            except NumberInUseElsewhere as taken:
                number = taken.number
                if number is None or not PhoneNumbers(self.session).remove_line(trunk.id, number):
                    return
            else:
                return

    def release_all(self, trunk_id: UUID) -> None:
        """Give up whatever a trunk has that is about to go."""
        self._release(trunk_id, NumberClaims(self.session).of(trunk_id))

    def require_room(self, environment_id: UUID, more: int) -> None:
        """Raise TooManyNumbers where an environment would have more than it may; with 0 more, where it has."""
        most = Environments(self.session).max_numbers(environment_id)
        if NumberClaims(self.session).count_of_environment(environment_id) + more > most:
            raise TooManyNumbers(most)

    def _release(self, trunk_id: UUID, given_up: Iterable[NumberClaim]) -> None:
        numbers = [each.number for each in given_up]
        claims = NumberClaims(self.session)
        claims.remove(trunk_id, numbers)
        for number in numbers:
            heir = claims.next_in_line(number, trunk_id)
            trunk = None if heir is None else self.session.get(Trunk, heir.trunk_id)
            if heir is not None and trunk is not None:
                claims.enter(trunk, number, heir.e164 or heir.number, self.now)

    def _yields(self, holder: NumberClaim, trunk: Trunk) -> bool:
        """Whether the holder's claim is none against a trunk that was verified."""
        if holder.is_extension or not trunk.ever_verified:
            return False
        of_holder = Trunks(self.session).locked(holder.trunk_id)
        return of_holder is None or not of_holder.ever_verified

    def _take_away(self, holder: NumberClaim, newcomer: Trunk) -> None:
        """Take a number off a trunk that was never verified, and let its customer see it in the events."""
        of_holder = self.session.get(Trunk, holder.trunk_id)
        self._log_contest(holder, newcomer, yields=True)
        PhoneNumbers(self.session).remove_line(holder.trunk_id, holder.line)
        NumberClaims(self.session).remove(holder.trunk_id, [holder.number])
        if of_holder is not None:
            changed = {"phone_number": [holder.line, None]}
            Flips(self.session).record(
                {of_holder.id: of_holder.generation}, Cause.PROVISIONING, changed, self.now
            )
        ProvisionRequests(self.session, self.provisioner).changed_unseen(holder.trunk_id, self.now)

    def _contested(self, holder: NumberClaim, trunk: Trunk, line: str) -> NumberInUseElsewhere:
        if holder.environment_id != trunk.environment_id:
            self._log_contest(holder, trunk)
        return NumberInUseElsewhere(line)

    def _log_contest(self, holder: NumberClaim, newcomer: Trunk, *, yields: bool = False) -> None:
        """For the operator alone: it names tenants to one another."""
        _log.warning(
            "number-contested",
            number=holder.number,
            holder_trunk_id=str(holder.trunk_id),
            holder_environment_id=str(holder.environment_id),
            newcomer_trunk_id=str(newcomer.id),
            newcomer_environment_id=str(newcomer.environment_id),
            yields=yields,
        )


def _stands(claim: NumberClaim, wanted: dict[str, str], extension: str | None) -> bool:
    return claim.line == extension if claim.is_extension else claim.number in wanted
