"""Provisioning, asked for in the transaction that changes the trunk."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.doorbell import next_notify_at
from trunks.models.provision import Provision, ProvisionOccasion, ProvisionState, ProvisionStatus
from trunks.repositories.provisions import Infrastructures, Provisions
from trunks.voice.provisioner import ProvisionerName


class ProvisionRequests:
    """Works inside a transaction of its caller, who rings for the trunk afterwards where the answer is true."""

    def __init__(self, session: Session, provisioner: ProvisionerName) -> None:
        self._provisions = Provisions(session)
        self._infrastructures = Infrastructures(session)
        self._provisioner = provisioner

    def request(self, trunk_id: UUID, now: datetime) -> bool:
        """Ask for both sides, as the trunk is configured; false where this installation provisions nothing."""
        if self._provisioner is ProvisionerName.NONE:
            return False
        values = {
            "provisioner": self._provisioner,
            "status": ProvisionStatus.DONE,
            "state": ProvisionState.ABSENT,
            "revision": 0,
            "requested_at": now,
            "notify_at": now,
        }
        self._provisions.begin(trunk_id)
        queue(self._provisions.ensure(trunk_id, values), now)
        return True

    def changed(self, trunk_id: UUID, now: datetime) -> bool:
        """Ask for what differs after an edit, a switch, a change of numbers, or the trunk's end.

        False where nothing was asked for yet.
        """
        provision = None if self._provisioner is ProvisionerName.NONE else self._provisions.locked(trunk_id)
        if provision is None:
            return False
        provision.keeps_former = provision.plain_list = False
        queue(provision, now)
        return True

    def let(self, trunk_id: UUID, now: datetime) -> bool:
        """Ask for sides of a former version as they are made now, at the infrastructure's pace."""
        provision = self._provisions.locked(trunk_id)
        if provision is None:
            return False
        provision.keeps_former = provision.plain_list = False
        queue(provision, now, ProvisionOccasion.RECONCILIATION)
        provision.notify_at = now
        return True

    def changed_unseen(self, trunk_id: UUID, now: datetime) -> None:
        """The same where nobody rings for it but whoever tends."""
        if self.changed(trunk_id, now) and (provision := self._provisions.locked(trunk_id)) is not None:
            provision.notify_at = now

    def lead_anew(
        self, trunk_id: UUID, now: datetime, occasion: ProvisionOccasion = ProvisionOccasion.MOVE
    ) -> bool:
        """Ask for an outbound side by another way; false where none is, where a former version made it, or while
        provisioning is paused: then it waits until that goes on.

        Whoever tends rings for it, or whoever keeps the pace.
        """
        if self._provisioner is ProvisionerName.NONE:
            return False
        provision = self._provisions.locked(trunk_id)
        if provision is None or provision.keeps_former:
            return False
        if self._infrastructures.is_paused(self._provisioner):
            provision.way_waits = True
            return False
        queue(provision, now, occasion)
        provision.notify_at = now
        return True


def queue(provision: Provision, now: datetime, occasion: ProvisionOccasion = ProvisionOccasion.ASKED) -> None:
    """Queue a provision; one that runs at this moment is followed by another turn. What waits already is as urgent as
    the most urgent that was asked of it.
    """
    provision.revision += 1
    provision.requested_at = now
    if provision.status is ProvisionStatus.DONE:
        provision.occasion = occasion
        provision.status = ProvisionStatus.QUEUED
        provision.notify_at = next_notify_at(now)
    else:
        provision.occasion = occasion.beside(provision.occasion)
