"""The customers' trunks: entered, looked up, removed."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from trunks.catalog.create import enter_trunk
from trunks.catalog.new_trunk import NewTrunk
from trunks.catalog.number_claims import ClaimDesk
from trunks.clock import Clock
from trunks.errors import NameTaken, NumberInUse, TrunkHasNumbers
from trunks.models.flip import Flip
from trunks.models.trunk import Trunk
from trunks.provisions.requests import ProvisionRequests
from trunks.repositories.phone_numbers import PhoneNumbers
from trunks.repositories.tenants import Environments
from trunks.repositories.trunks import Flips, Trunks, owned
from trunks.runs.queue import queue_unasked
from trunks.secrets.secret_box import SecretBox
from trunks.store.database import Database
from trunks.tenancy.tenants import Caller
from trunks.voice.provisioner import ProvisionerName


@dataclass(frozen=True, slots=True)
class TrunkCatalog:
    database: Database
    secrets: SecretBox
    provisioner: ProvisionerName
    clock: Clock
    allow_wide_lists: bool = False

    def create(
        self,
        caller: Caller,
        new: NewTrunk,
        *,
        trunk_id: UUID | None = None,
        is_draft: bool = False,
        name_is_unique: bool = False,
        verify: bool = False,
    ) -> Trunk:
        """Enter a trunk, or a draft of one; a tenant's trunk that has this id already is the one.

        With `verify` a run is queued for it, which whoever enters it asks for then. Raises CustomTrunksNotAllowed,
        NumberTaken, NumberInUseElsewhere, TooManyNumbers, and NameTaken where the dialect knows trunks by their names.
        """
        with self.database.write() as session:
            made = None if trunk_id is None else Trunks(session).of(caller.environment_id, trunk_id)
            if made is not None:
                return made
            if name_is_unique:
                Environments(session).lock(caller.environment_id)
                if Trunks(session).named(caller.environment_id, new.name):
                    raise NameTaken
            now = self.clock()
            trunk = enter_trunk(
                session,
                self.secrets,
                caller,
                new,
                now,
                provisioner=self.provisioner,
                wide=self.allow_wide_lists,
                trunk_id=trunk_id,
                is_draft=is_draft,
            )
            if verify:
                queue_unasked(session, trunk, now)
            return trunk

    def get(self, caller: Caller, trunk_id: UUID) -> Trunk:
        """Look a trunk up. Raises TrunkNotFound for another tenant's too."""
        with self.database.read() as session:
            return Trunks(session).get(caller.environment_id, trunk_id)

    def flips(
        self, caller: Caller, trunk_id: UUID, *, limit: int, before: UUID | None = None
    ) -> Sequence[Flip]:
        """List a trunk's changes of state, newest first. Raises TrunkNotFound."""
        with self.database.read() as session:
            Trunks(session).get(caller.environment_id, trunk_id)
            return Flips(session).page(trunk_id, limit=limit, before=before)

    def remove(
        self, caller: Caller, trunk_id: UUID, *, with_numbers: bool = False, with_used_numbers: bool = False
    ) -> None:
        """Remove a trunk with its history. Raises TrunkNotFound, TrunkHasNumbers, NumberInUse.

        `with_numbers` takes its numbers along, but for those in use, unless `with_used_numbers`.
        """
        with self.database.write() as session:
            trunk = owned(Trunks(session).leaving(caller.environment_id, trunk_id), caller.environment_id)
            if not with_numbers and PhoneNumbers(session).any_of(trunk_id):
                raise TrunkHasNumbers
            if not with_used_numbers and PhoneNumbers(session).any_assigned(trunk_id):
                raise NumberInUse
            ProvisionRequests(session, self.provisioner).changed(trunk_id, self.clock())
            ClaimDesk(session, self.provisioner, self.clock()).release_all(trunk_id)
            Trunks(session).remove(trunk)
