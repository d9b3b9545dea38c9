"""Trunks entered together with their sides on the voice infrastructure: both, or neither (autocalls)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.target import parse_host_port
from trunks.catalog.create import enter_trunk
from trunks.catalog.drafts import UnsavedTrunks
from trunks.catalog.new_trunk import NewTrunk
from trunks.clock import Clock
from trunks.errors import ProvisioningUnfinished, StillBeingMade, TrunkExists
from trunks.models.provision import ProvisionState, ProvisionStatus
from trunks.models.trunk import Trunk
from trunks.provisions.requests import ProvisionRequests
from trunks.repositories.provisions import Provisions
from trunks.repositories.tenants import Environments
from trunks.repositories.trunks import Trunks
from trunks.rules.phone_numbers import key_of
from trunks.runs.queue import queue_unasked
from trunks.secrets.secret_box import SecretBox
from trunks.store.database import Database
from trunks.tenancy.tenants import Caller
from trunks.voice.provisioner import ProvisionerName


@dataclass(frozen=True, slots=True)
class ProvisionedCreation:
    """A trunk is a draft until its sides exist; one whose sides fail is gone, and its draft takes them along.

    A run is queued for it in the transaction that lets it stand.
    """

    database: Database
    secrets: SecretBox
    drafts: UnsavedTrunks
    provisioner: ProvisionerName
    clock: Clock
    allow_wide_lists: bool = False

    @property
    def provisions(self) -> bool:
        """Whether there is anything to wait for."""
        return self.provisioner is not ProvisionerName.NONE

    def begin(self, caller: Caller, new: NewTrunk, *, trunk_id: UUID | None = None) -> Trunk:
        """Enter a trunk whose line no other has; as a draft, where sides are to be made and waited for.

        A tenant's trunk that has this id already is the one; a draft whose process is gone is gone on with.
        Raises TrunkExists for the same line, username and host; CustomTrunksNotAllowed, NumberTaken,
        NumberInUseElsewhere, TooManyNumbers, StillBeingMade.
        """
        now = self.clock()
        with self.database.write() as session:
            # Kept from entering another meanwhile: two lines alike would pass each other's look.
            Environments(session).lock(caller.environment_id)
            begun = None if trunk_id is None else Trunks(session).begun(caller.environment_id, trunk_id)
            if begun is not None:
                if begun.is_draft:
                    self._go_on(session, begun, now)
                return begun
            self._refuse_second(session, caller, new)
            trunk = enter_trunk(
                session,
                self.secrets,
                caller,
                new,
                now,
                provisioner=self.provisioner,
                wide=self.allow_wide_lists,
                trunk_id=trunk_id,
                is_draft=self.provisions,
            )
            ProvisionRequests(session, self.provisioner).request(trunk.id, now)
            if not trunk.is_draft:
                queue_unasked(session, trunk, now)
            return trunk

    def settle(self, trunk_id: UUID) -> Trunk:
        """End the draft once its sides exist. Raises ProvisioningUnfinished, when nothing is left of it."""
        with self.database.write() as session:
            trunk = Trunks(session).locked(trunk_id)
            provision = Provisions(session).of(trunk_id)
            if (
                trunk is not None
                and provision is not None
                and provision.status is ProvisionStatus.DONE
                and provision.state is ProvisionState.PROVISIONED
            ):
                trunk.is_draft = False
                queue_unasked(session, trunk, self.clock())
                return trunk
        self.drafts.discard(trunk_id)
        raise ProvisioningUnfinished(
            cause=None if provision is None else provision.error,
            lasting=provision is not None and provision.refused is not None,
        )

    def _go_on(self, session: Session, draft: Trunk, now: datetime) -> None:
        # Else it would be taken for one that was left behind.
        draft.created_at = draft.updated_at = now
        provision = Provisions(session).of(draft.id)
        if provision is None or (provision.settled and provision.state is not ProvisionState.PROVISIONED):
            ProvisionRequests(session, self.provisioner).request(draft.id, now)

    def _refuse_second(self, session: Session, caller: Caller, new: NewTrunk) -> None:
        lines = [key_of(number.number) for number in new.numbers]
        there = Trunks(session).same_line(
            caller.environment_id,
            lines=lines if new.profile.extension is None else [new.profile.extension],
            username=new.username,
            domain=parse_host_port(new.gateways[0].host).host,
        )
        if there is not None:
            raise StillBeingMade if there.is_draft else TrunkExists
