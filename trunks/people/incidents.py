"""A tenant's incidents: what fell, since when, whose trunks, and the letter to the carrier."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.errors import IncidentNotFound
from trunks.models.incident import Incident, IncidentPlace, IncidentTenant, IncidentTrunk
from trunks.people.failed_requests import failed_requests
from trunks.people.incident_book import reason_of, summary_of
from trunks.people.incident_letter import write_letter
from trunks.people.incident_view import Elsewhere, IncidentView, Moment
from trunks.repositories.incident_trunks import IncidentTrunks
from trunks.repositories.incidents import Incidents
from trunks.repositories.trunks import Trunks
from trunks.rules.incidents import FEWEST_ENVIRONMENTS, rounded
from trunks.rules.what_changed import Change, read_changes
from trunks.store.database import Database
from trunks.tenancy.tenants import Caller

# Of a timeline, which a carrier with thousands of trunks makes long.
_TRUNKS_TOLD = 100
# Of a thousand runs that each found the same there is one; peers may say something else to each.
_CHANGES_TOLD = 20


@dataclass(frozen=True, slots=True)
class IncidentList:
    database: Database
    check_addresses: tuple[str, ...]

    def page(
        self,
        caller: Caller,
        *,
        limit: int,
        before: UUID | None = None,
        is_open: bool | None = None,
        trunk_id: UUID | None = None,
    ) -> Sequence[IncidentView]:
        """List the incidents of a tenant, or of one trunk of his, newest first. Raises TrunkNotFound."""
        with self.database.read() as session:
            if trunk_id is not None:
                Trunks(session).get(caller.environment_id, trunk_id)
            found = Incidents(session).page(
                caller.environment_id, is_open=is_open, trunk_id=trunk_id, limit=limit, before=before
            )
            return [_view(session, caller.environment_id, *each) for each in found]

    def get(self, caller: Caller, incident_id: UUID) -> IncidentView:
        """Look one up. Raises IncidentNotFound where it concerns none of this tenant's trunks."""
        with self.database.read() as session:
            found = Incidents(session).of(caller.environment_id, incident_id)
            if found is None:
                raise IncidentNotFound
            return _view(session, caller.environment_id, *found)

    def letter(self, caller: Caller, incident_id: UUID) -> str:
        """Write what the carrier's engineer needs. Raises IncidentNotFound where it concerns none of his trunks."""
        view = self.get(caller, incident_id)
        with self.database.read() as session:
            requests = failed_requests(session, caller.environment_id, incident_id)
        return write_letter(view, requests, self.check_addresses)


def _view(session: Session, environment_id: UUID, incident: Incident, part: IncidentTenant) -> IncidentView:
    parts = IncidentTrunks(session)
    trunks = parts.trunks(environment_id, incident.id)
    places = Incidents(session).places(incident.id, environment_id)
    own = {place.destination_id for place in places if place.destination_id is not None}
    return IncidentView(
        id=incident.id,
        opened_at=part.opened_at,
        closed_at=part.closed_at,
        reason=reason_of(places),
        cause=summary_of(incident, places, min(each.fell_at for each in trunks)),
        changed=_changed(places, trunks),
        trunks=len(trunks),
        of=max(len(trunks), parts.own_at(environment_id, own)),
        elsewhere=_elsewhere(session, environment_id, incident),
        timeline=_timeline(places, part, trunks),
    )


def _changed(places: Sequence[IncidentPlace], trunks: Sequence[IncidentTrunk]) -> tuple[Change, ...]:
    """What checks found at the tenant's destinations, and what his own runs found, each once."""
    kept = [*(place.changed for place in places), *(trunk.changed for trunk in trunks)]
    found = dict.fromkeys(change for each in kept for change in read_changes(each))
    return tuple(found)[:_CHANGES_TOLD]


def _elsewhere(session: Session, environment_id: UUID, incident: Incident) -> Elsewhere | None:
    """Nobody is told of others where few enough are concerned that one might be guessed."""
    parts = IncidentTrunks(session)
    if len(parts.environments(incident.id)) < FEWEST_ENVIRONMENTS:
        return None
    about = rounded(parts.others(environment_id, incident.id))
    places = Incidents(session).places(incident.id)
    everywhere = {place.destination_id for place in places if place.destination_id is not None}
    return Elsewhere(about, max(about, rounded(parts.others_at(environment_id, everywhere))))


def _timeline(
    places: Sequence[IncidentPlace], part: IncidentTenant, trunks: Sequence[IncidentTrunk]
) -> tuple[Moment, ...]:
    since = [place.silent_since for place in places if place.silent_since is not None]
    told = [Moment(min(since), "first-failure")] if since else []
    for each in trunks[:_TRUNKS_TOLD]:
        told.append(Moment(each.fell_at, "fell", each.trunk_id))
        if each.ended_at is not None and each.ended is not None:
            told.append(Moment(each.ended_at, each.ended.value, each.trunk_id))
    if part.closed_at is not None:
        told.append(Moment(part.closed_at, "closed"))
    return tuple(sorted(told, key=lambda moment: moment.at))
