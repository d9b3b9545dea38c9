"""Trunks' profiles and serial numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from trunks.models.trunk_profile import TrunkProfileRow
from trunks.models.trunk_serial import trunk_serials
from trunks.rules.profile import PLAIN, TrunkProfile

_NAMES = tuple(field.name for field in fields(TrunkProfile))


class TrunkProfiles:
    def __init__(self, session: Session) -> None:
        self._session = session

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


class TrunkSerials:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, trunk_id: UUID) -> None:
        self._session.execute(insert(trunk_serials).values(trunk_id=trunk_id))

    def of_all(self, trunk_ids: Sequence[UUID]) -> Mapping[UUID, int]:
        rows = self._session.execute(
            select(trunk_serials.c.trunk_id, trunk_serials.c.serial).where(
                trunk_serials.c.trunk_id.in_(trunk_ids)
            )
        )
        return {row.trunk_id: row.serial for row in rows}

    def trunk_of(self, serial: int) -> UUID | None:
        return self._session.scalar(select(trunk_serials.c.trunk_id).where(trunk_serials.c.serial == serial))


def _values(profile: TrunkProfile) -> dict[str, Any]:
    return {**asdict(profile), "allowed_addresses": list(profile.allowed_addresses)}


def _read(row: TrunkProfileRow) -> TrunkProfile:
    values = {name: getattr(row, name) for name in _NAMES}
    return TrunkProfile(**{**values, "allowed_addresses": tuple(row.allowed_addresses)})
