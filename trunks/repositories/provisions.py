"""Provisions by trunk, and the infrastructure they stand on; every change is made under the row's lock."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.sql.elements import ColumnElement

from trunks.models.phone_number import PhoneNumber
from trunks.models.provision import (
    PACED,
    Infrastructure,
    Provision,
    ProvisionOccasion,
    ProvisionState,
    ProvisionStatus,
)
from trunks.models.trunk import TO_PROVISION, Trunk
from trunks.repositories.insert_or import insert_or_ignore
from trunks.repositories.leases import lease_over
from trunks.repositories.number_claims import NumberClaims
from trunks.repositories.outbound_ways import KeptWay, OutboundWays, gateway_in_use
from trunks.repositories.rejected_passwords import RejectedPasswords
from trunks.repositories.repository import Repository, in_parts
from trunks.repositories.trunk_profiles import TrunkProfiles
from trunks.repositories.way_findings import WayFindings
from trunks.rules.profile import PLAIN, TrunkProfile
from trunks.rules.way_evidence import WayFinding
from trunks.voice.provisioner import FailureCause, ProvisionerName

_PACED: ColumnElement[bool] = PACED  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class ProvisionParts:
    """A provision with what its sides are worked out from; `trunk` is None when that is gone.

    `way` is of whatever generation it was found in, `finding` what is known of the destination that calls go to.
    `called_as` is what calls to its extension name, where that is not the extension.
    """

    provision: Provision
    trunk: Trunk | None
    profile: TrunkProfile
    numbers: tuple[str, ...]
    way: KeptWay | None = None
    finding: WayFinding | None = None
    called_as: str | None = None
    is_withheld: bool = False


class Provisions(Repository):
    def of(self, trunk_id: UUID) -> Provision | None:
        return self._session.scalar(select(Provision).where(Provision.trunk_id == trunk_id))

    def locked(self, trunk_id: UUID) -> Provision | None:
        """Find a trunk's provision, locked; taken after any lock on the trunk."""
        return self._session.scalar(
            select(Provision)
            .where(Provision.trunk_id == trunk_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )

    def locked_among(self, trunk_ids: Collection[UUID]) -> Sequence[Provision]:
        """The same of many; one that another has locked is left out."""
        return self._session.scalars(
            select(Provision)
            .where(Provision.trunk_id.in_(trunk_ids))
            .order_by(Provision.trunk_id)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        ).all()

    def begin(self, trunk_id: UUID) -> None:
        """Note that a trunk has a provision from now on; taken before the lock on that."""
        self._session.execute(
            update(Trunk)
            .where(Trunk.id == trunk_id, Trunk.provision_begun.is_(False))
            .values(provision_begun=True)
        )

    def ensure(self, trunk_id: UUID, values: dict[str, Any]) -> Provision:
        """Find or make a trunk's provision, locked."""
        insert_or_ignore(self._session, Provision, {"trunk_id": trunk_id, **values}, unique=["trunk_id"])
        found = self.locked(trunk_id)
        if found is None:
            # Removed by another between the two statements: it is ours to make now.
            return self.ensure(trunk_id, values)
        return found

    def remove(self, provision: Provision) -> None:
        self._session.execute(delete(Provision).where(Provision.id == provision.id))

    def parts(self, provisions: Sequence[Provision]) -> list[ProvisionParts]:
        """Add trunks, profiles and numbers, in a question for each kind."""
        trunk_ids = [each.trunk_id for each in provisions]
        trunks = {
            each.id: each for each in self._session.scalars(select(Trunk).where(Trunk.id.in_(trunk_ids)))
        }
        profiles = TrunkProfiles(self._session).of_all(trunk_ids)
        ways = OutboundWays(self._session).of(trunk_ids)
        rejected = RejectedPasswords(self._session).of(trunk_ids)
        withheld = {each: row.generation for each, row in rejected.items() if row.is_withheld}
        places = {
            trunk.id: gateway_in_use(trunk, ways.get(trunk.id)).destination_id for trunk in trunks.values()
        }
        findings = WayFindings(self._session).of(set(places.values()))
        called_as = NumberClaims(self._session).extensions_of(trunk_ids)
        numbers: dict[UUID, list[str]] = {}
        asked = select(PhoneNumber.trunk_id, PhoneNumber.e164, PhoneNumber.number).where(
            PhoneNumber.trunk_id.in_(trunk_ids)
        )
        for trunk_id, e164, number in self._session.execute(asked):
            numbers.setdefault(trunk_id, []).append(e164 or number)
        return [
            ProvisionParts(
                each,
                trunks.get(each.trunk_id),
                profiles.get(each.trunk_id, PLAIN),
                tuple(sorted(numbers.get(each.trunk_id, ()))),
                ways.get(each.trunk_id),
                findings.get(places[each.trunk_id]) if each.trunk_id in places else None,
                called_as.get(each.trunk_id),
                each.trunk_id in trunks and withheld.get(each.trunk_id) == trunks[each.trunk_id].generation,
            )
            for each in provisions
        ]

    def page(self, provisioner: ProvisionerName, *, after: UUID | None, limit: int) -> Sequence[Provision]:
        """List those of a provisioner in the order of their ids."""
        query = select(Provision).where(Provision.provisioner == provisioner)
        if after is not None:
            query = query.where(Provision.id > after)
        return self._session.scalars(query.order_by(Provision.id).limit(limit)).all()

    def expired(self, now: datetime, *, limit: int) -> Sequence[Provision]:
        """List running ones whose lease is over, locked."""
        running = Provision.status == ProvisionStatus.RUNNING
        return lease_over(self._session, Provision, running, now, limit=limit)

    def message_lost(self, now: datetime, *, limit: int) -> Sequence[Provision]:
        """List queued ones that somebody asked for and nobody claimed since their message was sent, locked."""
        queued = Provision.status == ProvisionStatus.QUEUED
        return self._session.scalars(
            select(Provision)
            .where(queued, Provision.occasion == ProvisionOccasion.ASKED, Provision.notify_at <= now)
            .order_by(Provision.notify_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()

    def any_paced(self, now: datetime) -> bool:
        """Whether something waits for its turn at the infrastructure's pace."""
        return self._exists(_PACED, Provision.notify_at <= now)

    def paced(self, now: datetime, *, limit: int) -> Sequence[Provision]:
        """List those whose turn is next, locked."""
        return self._session.scalars(
            select(Provision)
            .where(_PACED, Provision.notify_at <= now)
            .order_by(Provision.occasion, Provision.notify_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()

    def count_paced(self) -> dict[ProvisionOccasion, int]:
        counted = self._session.execute(
            select(Provision.occasion, func.count()).where(_PACED).group_by(Provision.occasion)
        )
        return {row[0]: row[1] for row in counted}

    def active_without(self, *, limit: int) -> Sequence[UUID]:
        """List trunks that have become active, and whose provision is not begun."""
        return self._session.scalars(
            select(Trunk.id).where(TO_PROVISION, Trunk.is_active).order_by(Trunk.id).limit(limit)
        ).all()

    def count_by_state(self) -> dict[ProvisionState, int]:
        counted = self._session.execute(select(Provision.state, func.count()).group_by(Provision.state))
        return {row[0]: row[1] for row in counted}

    def inbound_among(self, side_ids: Collection[str]) -> set[str]:
        """Which of these are inbound sides that a trunk has."""
        found: set[str] = set()
        for part in in_parts(side_ids):
            of_trunks = select(Provision.inbound_id).where(Provision.inbound_id.in_(part))
            found.update(each for each in self._session.scalars(of_trunks) if each is not None)
        return found

    def open_among(self, trunk_ids: Collection[UUID]) -> set[UUID]:
        """Which of these trunks have a provision that waits or runs."""
        found: set[UUID] = set()
        for part in in_parts(trunk_ids):
            is_open = Provision.status != ProvisionStatus.DONE
            found.update(
                self._session.scalars(select(Provision.trunk_id).where(Provision.trunk_id.in_(part), is_open))
            )
        return found

    def whose_way_waits(self, provisioner: ProvisionerName) -> Sequence[UUID]:
        """List the trunks for which another way was found while provisioning was paused."""
        return self._session.scalars(
            select(Provision.trunk_id)
            .where(Provision.provisioner == provisioner, Provision.way_waits)
            .order_by(Provision.trunk_id)
        ).all()

    def parked_among(self, trunk_ids: Collection[UUID]) -> set[UUID]:
        """Which of these trunks have sides whose calls are ended at once."""
        found: set[UUID] = set()
        for part in in_parts(trunk_ids):
            is_parked = Provision.cause == FailureCause.NO_WAY
            found.update(
                self._session.scalars(
                    select(Provision.trunk_id).where(Provision.trunk_id.in_(part), is_parked)
                )
            )
        return found


class Infrastructures(Repository):
    def ensure(self, provisioner: ProvisionerName) -> Infrastructure:
        """Find or make the row of an infrastructure, locked."""
        values = {"provisioner": provisioner, "findings": {}}
        insert_or_ignore(self._session, Infrastructure, values, unique=["provisioner"])
        return self._session.scalars(
            select(Infrastructure).where(Infrastructure.provisioner == provisioner).with_for_update()
        ).one()

    def debit(self, provisioner: ProvisionerName, *, least: float) -> None:
        """Count a write that waited for nobody."""
        left = Infrastructure.writes_left - 1
        self._session.execute(
            update(Infrastructure)
            .where(Infrastructure.provisioner == provisioner, Infrastructure.writes_left.is_not(None))
            .values(writes_left=case((left < least, least), else_=left))
            .execution_options(synchronize_session=False)
        )

    def is_paused(self, provisioner: ProvisionerName) -> bool:
        """Whether nothing is to be written but what a customer asks for."""
        found = self.find(provisioner)
        return found is not None and found.paused

    def find(self, provisioner: ProvisionerName) -> Infrastructure | None:
        return self._session.scalar(select(Infrastructure).where(Infrastructure.provisioner == provisioner))
