"""Incidents as the operator sees them: of all tenants, by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.errors import IncidentNotFound
from trunks.models.incident import Incident, IncidentPlace
from trunks.people.incident_book import reason_of, summary_of
from trunks.repositories.all_incidents import AllIncidents, TenantPart
from trunks.repositories.incidents import Incidents
from trunks.rules.what_changed import Change, read_changes
from trunks.store.database import Database


@dataclass(frozen=True, slots=True)
class OperatorView:
    """`trunks` fell, of which `down` have not come back; `changed` is what checks found."""

    incident: Incident
    cause: str
    reason: str | None
    changed: tuple[Change, ...]
    places: Sequence[IncidentPlace]
    tenants: Sequence[TenantPart]

    @property
    def trunks(self) -> int:
        return sum(each.trunks for each in self.tenants)

    @property
    def down(self) -> int:
        return sum(each.down for each in self.tenants)


@dataclass(frozen=True, slots=True)
class OperatorIncidents:
    database: Database

    def count_open(self) -> int:
        """Count those that are open."""
        with self.database.question() as session:
            return AllIncidents(session).count_open()

    def newest(self, *, limit: int, only_open: bool, before: UUID | None = None) -> list[OperatorView]:
        """List the newest, from the one before `before` on."""
        with self.database.read() as session:
            found = AllIncidents(session).newest(limit=limit, only_open=only_open, before=before)
            return [operator_view(session, each) for each in found]

    def get(self, incident_id: UUID) -> OperatorView:
        """Look one up. Raises IncidentNotFound."""
        with self.database.read() as session:
            found = AllIncidents(session).get(incident_id)
            if found is None:
                raise IncidentNotFound(
                    f"There is no incident {incident_id}; trunkd incident list shows them."
                )
            return operator_view(session, found)


def operator_view(session: Session, incident: Incident) -> OperatorView:
    places = Incidents(session).places(incident.id)
    return OperatorView(
        incident,
        summary_of(incident, places, incident.opened_at),
        reason_of(places),
        tuple(dict.fromkeys(change for place in places for change in read_changes(place.changed))),
        places,
        AllIncidents(session).tenants(incident.id),
    )
