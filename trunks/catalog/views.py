"""Trunks with all that is known of them: what the dialects that show one whole are made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.errors import TrunkNotFound
from trunks.models.phone_number import PhoneNumber
from trunks.models.trunk import Trunk
from trunks.models.verification import Verification
from trunks.repositories.phone_numbers import PhoneNumbers
from trunks.repositories.provisions import Provisions
from trunks.repositories.trunk_profiles import TrunkProfiles, TrunkSerials
from trunks.repositories.trunks import TrunkFilter, Trunks
from trunks.repositories.verifications import Verifications
from trunks.rules.profile import PLAIN, TrunkProfile
from trunks.store.database import Database
from trunks.tenancy.tenants import Caller


@dataclass(frozen=True, slots=True)
class TrunkSheet:
    """`serial` is the trunk's integer; the ids are the infrastructure's, None where nothing is provisioned."""

    trunk: Trunk
    serial: int
    profile: TrunkProfile
    numbers: tuple[PhoneNumber, ...]
    inbound_id: str | None
    outbound_id: str | None
    last_verification: Verification | None

    @property
    def id(self) -> UUID:
        return self.trunk.id


class TrunkSheets:
    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, caller: Caller, trunk_id: UUID) -> TrunkSheet:
        """Look a trunk up. Raises TrunkNotFound for another tenant's too."""
        with self._database.read() as session:
            trunk = Trunks(session).of(caller.environment_id, trunk_id)
            if trunk is None:
                raise TrunkNotFound
            return _fill(session, [trunk])[0]

    def id_of(self, caller: Caller, serial: int) -> UUID:
        """Find a trunk by its integer. Raises TrunkNotFound."""
        with self._database.read() as session:
            trunk_id = TrunkSerials(session).trunk_of(serial)
            if trunk_id is None or Trunks(session).of(caller.environment_id, trunk_id) is None:
                raise TrunkNotFound
            return trunk_id

    def page(
        self, caller: Caller, shown: TrunkFilter, *, limit: int, before: UUID | None = None
    ) -> Sequence[TrunkSheet]:
        """List a tenant's trunks, newest first."""
        with self._database.read() as session:
            return _fill(
                session, Trunks(session).page(caller.environment_id, shown, limit=limit, before=before)
            )


def _fill(session: Session, trunks: Sequence[Trunk]) -> list[TrunkSheet]:
    """Add what belongs to the trunks, in one question for each kind."""
    ids = [trunk.id for trunk in trunks]
    profiles = TrunkProfiles(session).of_all(ids)
    serials = TrunkSerials(session).of_all(ids)
    provisions = Provisions(session).of_all(ids)
    runs = Verifications(session).latest_done_of(trunks)
    numbers: dict[UUID, list[PhoneNumber]] = {}
    for number in PhoneNumbers(session).all_of(ids):
        numbers.setdefault(number.trunk_id, []).append(number)
    sheets = []
    for trunk in trunks:
        provision = provisions.get(trunk.id)
        sheets.append(
            TrunkSheet(
                trunk=trunk,
                serial=serials[trunk.id],
                profile=profiles.get(trunk.id, PLAIN),
                numbers=tuple(numbers.get(trunk.id, ())),
                inbound_id=None if provision is None else provision.inbound_id,
                outbound_id=None if provision is None else provision.outbound_id,
                last_verification=runs.get(trunk.id),
            )
        )
    return sheets
