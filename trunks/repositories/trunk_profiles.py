"""Trunks' profiles and serial numbers, and what else a trunk has one of."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.orm import Session

from trunks.models.outbound_way import OutboundWayRow
from trunks.models.provision import Provision, ProvisionState, ProvisionStatus
from trunks.models.rejected_password import RejectedPasswordRow
from trunks.models.trunk_profile import TrunkProfileRow
from trunks.models.trunk_serial import trunk_serials
from trunks.repositories.outbound_ways import KeptWay, read_way
from trunks.repositories.repository import Repository
from trunks.rules.profile import PLAIN, TrunkProfile
from trunks.voice.provisioner import FailureCause
from trunks.voice.sides import SideIds

_NAMES = tuple(field.name for field in fields(TrunkProfile))


class TrunkProfiles(Repository):
    def of(self, trunk_id: UUID) -> TrunkProfile:
        return self.of_all([trunk_id]).get(trunk_id, PLAIN)

    def of_all(self, trunk_ids: Sequence[UUID]) -> Mapping[UUID, TrunkProfile]:
        """Find the profiles of those that have one."""
        rows = self._session.scalars(select(TrunkProfileRow).where(TrunkProfileRow.trunk_id.in_(trunk_ids)))
        return {row.trunk_id: _read(row) for row in rows}

    def keep(self, trunk_id: UUID, profile: TrunkProfile) -> None:
        """Set a trunk's profile; its row is the caller's, through the trunk's lock."""
        self._session.execute(delete(TrunkProfileRow).where(TrunkProfileRow.trunk_id == trunk_id))
        self._session.add(TrunkProfileRow(trunk_id=trunk_id, **_values(profile)))


_SERIALS = trunk_serials.c
_PARTS = (
    select(
        _SERIALS.trunk_id,
        _SERIALS.serial,
        TrunkProfileRow,
        Provision.inbound_id,
        Provision.outbound_id,
        Provision.state,
        Provision.cause,
        Provision.keeps_former,
        Provision.error,
        Provision.status,
        Provision.generation.label("provisioned_generation"),
        Provision.way_waits,
        RejectedPasswordRow.generation.label("withheld_of"),
        OutboundWayRow,
    )
    .outerjoin(
        RejectedPasswordRow,
        (RejectedPasswordRow.trunk_id == _SERIALS.trunk_id) & RejectedPasswordRow.is_withheld,
    )
    .outerjoin(OutboundWayRow, OutboundWayRow.trunk_id == _SERIALS.trunk_id)
    .outerjoin(TrunkProfileRow, TrunkProfileRow.trunk_id == _SERIALS.trunk_id)
    .outerjoin(Provision, Provision.trunk_id == _SERIALS.trunk_id)
    .where(_SERIALS.trunk_id.in_(bindparam("trunk_ids", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class TrunkParts:
    """What a trunk has one of, in tables of their own.

    `provisioned` is what provisioning came to, None where none was asked for, and `cause` and `error` why it failed;
    `keeps_former` that a former version made the sides; `way` is of whatever generation it was found in. `is_queued`:
    a worker has still to write them; `provisioned_generation` is the one they were last written for, and `way_waits`
    that another way was found while provisioning is paused.
    """

    serial: int
    profile: TrunkProfile
    sides: SideIds
    provisioned: ProvisionState | None
    cause: FailureCause | None
    keeps_former: bool
    way: KeptWay | None
    error: str | None = None
    withheld_of: int | None = None
    is_queued: bool = False
    provisioned_generation: int | None = None
    way_waits: bool = False


def find_trunk_parts(session: Session, trunk_ids: Sequence[UUID]) -> Mapping[UUID, TrunkParts]:
    """Find the parts of these trunks, in one query for all."""
    rows = session.execute(_PARTS, {"trunk_ids": trunk_ids})
    return {row.trunk_id: _parts_of(row) for row in rows}


def _parts_of(row: Any) -> TrunkParts:
    profile, way = row.TrunkProfileRow, row.OutboundWayRow
    return TrunkParts(
        serial=row.serial,
        profile=PLAIN if profile is None else _read(profile),
        sides=SideIds(row.inbound_id, row.outbound_id),
        provisioned=row.state,
        cause=row.cause,
        keeps_former=bool(row.keeps_former),
        way=None if way is None else read_way(way),
        error=row.error,
        withheld_of=row.withheld_of,
        is_queued=row.status not in (None, ProvisionStatus.DONE),
        provisioned_generation=row.provisioned_generation,
        way_waits=bool(row.way_waits),
    )


class TrunkSerials(Repository):
    def add(self, trunk_id: UUID) -> None:
        self._session.execute(insert(trunk_serials).values(trunk_id=trunk_id))

    def trunk_of(self, serial: int) -> UUID | None:
        return self._session.scalar(select(trunk_serials.c.trunk_id).where(trunk_serials.c.serial == serial))


def _values(profile: TrunkProfile) -> dict[str, Any]:
    return {**asdict(profile), "allowed_addresses": list(profile.allowed_addresses)}


def _read(row: TrunkProfileRow) -> TrunkProfile:
    values = {name: getattr(row, name) for name in _NAMES}
    return TrunkProfile(**{**values, "allowed_addresses": tuple(row.allowed_addresses)})
