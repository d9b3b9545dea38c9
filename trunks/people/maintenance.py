"""Maintenance: for a time nobody is sent a message about a trunk, a destination or a tenant; what happens is kept.

Held is what is not sent, not what is not written: whoever looks finds every state, and messages go when it is over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from trunks.clock import Clock
from trunks.errors import DestinationNotFound, EnvironmentNotFound, MaintenanceNotFound, TrunkNotFound
from trunks.ids import new_id
from trunks.models.maintenance import Maintenance
from trunks.repositories.maintenances import HeldSpan, Maintenances
from trunks.repositories.tenants import Environments
from trunks.repositories.trunks import Trunks
from trunks.store.database import Database
from trunks.tenancy.tenants import Caller

LONGEST = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class MaintenanceShown:
    id: UUID
    of: str
    began_at: datetime
    until_at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class MaintenanceBook:
    database: Database
    clock: Clock

    def begin(
        self,
        lasting: timedelta,
        *,
        environment: str | None = None,
        domain: str | None = None,
        trunk_id: UUID | None = None,
        note: str = "",
    ) -> list[UUID]:
        """Begin one of a tenant by name, of all destinations of a domain, or of a trunk; give the ids.

        Raises EnvironmentNotFound, DestinationNotFound, TrunkNotFound.
        """
        with self.database.write() as session:
            rows = Maintenances(session)
            now, begun = self.clock(), []
            for of in self._of(rows, Environments(session), environment, domain, trunk_id):
                row = Maintenance(id=new_id(), began_at=now, until_at=now + lasting, note=note, **of)
                rows.add(row)
                begun.append(row.id)
            return begun

    def _of(
        self,
        rows: Maintenances,
        environments: Environments,
        environment: str | None,
        domain: str | None,
        trunk_id: UUID | None,
    ) -> list[dict[str, UUID]]:
        if environment is not None:
            found = environments.named(environment)
            if found is None:
                raise EnvironmentNotFound
            return [{"environment_id": found.id}]
        if domain is not None:
            destinations = rows.destinations(domain)
            if not destinations:
                raise DestinationNotFound(
                    f"No trunk leads to {domain!r}; give the host of one, in whatever spelling."
                )
            return [{"destination_id": each} for each in destinations]
        if trunk_id is None or not rows.trunk_stands(trunk_id):
            raise TrunkNotFound
        return [{"trunk_id": trunk_id}]

    def standing(self) -> Sequence[MaintenanceShown]:
        """List what stands, the one that ends first first."""
        with self.database.read() as session:
            rows = Maintenances(session)
            found = rows.standing(self.clock())
            return [
                MaintenanceShown(each.id, of, each.began_at, each.until_at, each.note)
                for each, of in zip(found, rows.names(found), strict=True)
            ]

    def of(self, caller: Caller, trunk_id: UUID) -> HeldSpan | None:
        """Say since when and until when messages about a tenant's trunk are held. Raises TrunkNotFound."""
        with self.database.read() as session:
            Trunks(session).get(caller.environment_id, trunk_id)
            return Maintenances(session).spans({trunk_id}, self.clock()).get(trunk_id)

    def end(self, maintenance_id: UUID) -> None:
        """End one before its time: what was held is sent now. Raises MaintenanceNotFound."""
        with self.database.write() as session:
            if not Maintenances(session).end(maintenance_id, self.clock()):
                raise MaintenanceNotFound
