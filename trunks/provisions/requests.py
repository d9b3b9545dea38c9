"""What is wanted on the voice infrastructure, entered with the change of the trunk that wants it."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.doorbell import next_notify_at
from trunks.models.provision import Provision, ProvisionState, ProvisionStatus
from trunks.repositories.provisions import Provisions
from trunks.voice.blueprint import CallPlan
from trunks.voice.provisioner import ProvisionerName


class ProvisionRequests:
    """Works inside a transaction of its caller, who rings for the trunk afterwards where it is told to."""

    def __init__(self, session: Session, provisioner: ProvisionerName) -> None:
        self._provisions = Provisions(session)
        self._provisioner = provisioner

    def plan(self, trunk_id: UUID, plan: CallPlan, now: datetime) -> bool:
        """Keep how a trunk is to be provisioned; it is when it first becomes active. True where it is now."""
        if self._provisioner is ProvisionerName.NONE:
            return False
        provision = self._ensure(trunk_id, now)
        set_plan(provision, plan)
        return self._queue(provision, now) if provision.wanted else False

    def request(self, trunk_id: UUID, now: datetime, plan: CallPlan | None = None) -> bool:
        """Ask for both sides now, as the trunk is configured; false when nothing provisions here."""
        if self._provisioner is ProvisionerName.NONE:
            return False
        provision = self._ensure(trunk_id, now)
        if plan is not None:
            set_plan(provision, plan)
        provision.wanted = True
        return self._queue(provision, now)

    def changed(self, trunk_id: UUID, now: datetime) -> bool:
        """Ask for what differs after an edit, a switch or a change of numbers; false where nothing is provisioned."""
        provision = None if self._provisioner is ProvisionerName.NONE else self._provisions.locked(trunk_id)
        return self._queue(provision, now) if provision is not None and provision.wanted else False

    def remove(self, trunk_id: UUID, now: datetime) -> bool:
        """Ask for both sides to go, with the trunk; false when there is nothing to take away."""
        provision = None if self._provisioner is ProvisionerName.NONE else self._provisions.locked(trunk_id)
        if provision is None:
            return False
        if not provision.wanted and provision.state is ProvisionState.ABSENT:
            # Planned, and never begun.
            self._provisions.remove(provision)
            return False
        provision.wanted = False
        return self._queue(provision, now)

    def _ensure(self, trunk_id: UUID, now: datetime) -> Provision:
        return self._provisions.ensure(
            trunk_id,
            {
                "provisioner": self._provisioner,
                "wanted": False,
                **plan_values(CallPlan()),
                "status": ProvisionStatus.DONE,
                "state": ProvisionState.ABSENT,
                "revision": 0,
                "requested_at": now,
                "notify_at": now,
            },
        )

    def _queue(self, provision: Provision, now: datetime) -> bool:
        queue(provision, now)
        return True


def queue(provision: Provision, now: datetime) -> None:
    """Ask for work; what runs at this moment is followed by more."""
    provision.revision += 1
    provision.requested_at = now
    if provision.status is ProvisionStatus.DONE:
        provision.status = ProvisionStatus.QUEUED
        provision.notify_at = next_notify_at(now)


def set_plan(provision: Provision, plan: CallPlan) -> None:
    for column, value in plan_values(plan).items():
        setattr(provision, column, value)


def plan_values(plan: CallPlan) -> dict[str, Any]:
    """The columns of a plan."""
    values = asdict(plan)
    own_numbers = values.pop("numbers")
    values["allowed_addresses"] = list(plan.allowed_addresses)
    return {**values, "own_numbers": None if own_numbers is None else list(own_numbers)}


def read_plan(provision: Provision) -> CallPlan:
    return CallPlan(
        authorization=provision.authorization,
        allowed_addresses=tuple(provision.allowed_addresses),
        inbound_enabled=provision.inbound_enabled,
        fixed_egress=provision.fixed_egress,
        numbers=None if provision.own_numbers is None else tuple(provision.own_numbers),
    )
