"""The customers' trunks: entered, looked up, removed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.catalog.create import TrunkCreation
from trunks.catalog.new_trunk import NewTrunk
from trunks.clock import Clock, utc_now
from trunks.errors import NameTaken, TrunkHasNumbers, TrunkNotFound
from trunks.models.flip import Flip
from trunks.models.trunk import Trunk
from trunks.models.verification import Verification
from trunks.provisions.requests import ProvisionRequests
from trunks.repositories.liveness import LivenessRows
from trunks.repositories.phone_numbers import PhoneNumbers
from trunks.repositories.tenants import Environments
from trunks.repositories.trunks import Flips, TrunkFilter, Trunks
from trunks.repositories.verifications import Verifications
from trunks.store.database import Database
from trunks.tenancy.tenants import Caller
from trunks.voice.provisioner import ProvisionerName


@dataclass(frozen=True, slots=True)
class TrunkView:
    """A trunk with the last run of its current configuration."""

    trunk: Trunk
    last_verification: Verification | None
    checked_at: datetime | None = None

    @property
    def id(self) -> UUID:
        return self.trunk.id

    @property
    def last_health_check_at(self) -> datetime | None:
        """The latest moment at which the trunk was found well or not, by a check of what it shares with others too."""
        moments = [
            moment for moment in (self.trunk.last_health_check_at, self.checked_at) if moment is not None
        ]
        return max(moments, default=None)


class TrunkCatalog:
    def __init__(
        self,
        database: Database,
        entry: TrunkCreation,
        *,
        provisioner: ProvisionerName,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._entry = entry
        self._provisioner = provisioner
        self._clock = clock

    def create(
        self,
        caller: Caller,
        new: NewTrunk,
        *,
        trunk_id: UUID | None = None,
        is_draft: bool = False,
        name_is_unique: bool = False,
    ) -> Trunk:
        """Enter a trunk, or a draft of one; a tenant's trunk that has this id already is the one.

        Raises CustomTrunksNotAllowed, NumberTaken, and NameTaken where the dialect knows trunks by their names.
        """
        with self._database.write() as session:
            made = None if trunk_id is None else Trunks(session).of(caller.environment_id, trunk_id)
            if made is not None:
                return made
            if name_is_unique:
                Environments(session).lock(caller.environment_id)
                if Trunks(session).named(caller.environment_id, new.name):
                    raise NameTaken
            return self._entry.enter(
                session, caller, new, self._clock(), trunk_id=trunk_id, is_draft=is_draft
            )

    def get(self, caller: Caller, trunk_id: UUID) -> TrunkView:
        """Look a trunk up. Raises TrunkNotFound for another tenant's too."""
        with self._database.read() as session:
            trunk = Trunks(session).of(caller.environment_id, trunk_id)
            if trunk is None:
                raise TrunkNotFound
            run = Verifications(session).latest_done(trunk_id, trunk.generation)
            return TrunkView(trunk, run, _checked_at(session, [trunk]).get(trunk_id))

    def page(
        self, caller: Caller, shown: TrunkFilter, *, limit: int, before: UUID | None = None
    ) -> Sequence[TrunkView]:
        """List a tenant's trunks, newest first, each with the last run of its configuration."""
        with self._database.read() as session:
            trunks = Trunks(session).page(caller.environment_id, shown, limit=limit, before=before)
            runs = Verifications(session).latest_done_of(trunks)
            checked_at = _checked_at(session, trunks)
            return [TrunkView(trunk, runs.get(trunk.id), checked_at.get(trunk.id)) for trunk in trunks]

    def flips(
        self, caller: Caller, trunk_id: UUID, *, limit: int, before: UUID | None = None
    ) -> Sequence[Flip]:
        """List a trunk's changes of state, newest first. Raises TrunkNotFound."""
        with self._database.read() as session:
            if Trunks(session).of(caller.environment_id, trunk_id) is None:
                raise TrunkNotFound
            return Flips(session).page(trunk_id, limit=limit, before=before)

    def remove(self, caller: Caller, trunk_id: UUID, *, with_numbers: bool = False) -> None:
        """Remove a trunk with its history. Raises TrunkNotFound, TrunkHasNumbers."""
        with self._database.write() as session:
            trunk = Trunks(session).leaving(caller.environment_id, trunk_id)
            if trunk is None or trunk.is_draft:
                raise TrunkNotFound
            if not with_numbers and PhoneNumbers(session).any_of(trunk_id):
                raise TrunkHasNumbers
            ProvisionRequests(session, self._provisioner).changed(trunk_id, self._clock())
            Trunks(session).remove(trunk)


def _checked_at(session: Session, trunks: Sequence[Trunk]) -> dict[UUID, datetime]:
    """Say when the destinations were last checked of those trunks whose health has begun."""
    living = [trunk for trunk in trunks if trunk.living_generation == trunk.generation]
    ids = {gateway.destination_id for trunk in living for gateway in trunk.gateways}
    moments = LivenessRows(session).checked_at(ids)
    found: dict[UUID, datetime] = {}
    for trunk in living:
        checked = [moments[each.destination_id] for each in trunk.gateways if each.destination_id in moments]
        if checked:
            found[trunk.id] = max(checked)
    return found
