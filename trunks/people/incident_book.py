"""Incidents as flips open and close them, in the transaction that tells the flips."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.clock import Clock
from trunks.ids import new_id
from trunks.models.flip import Flip
from trunks.models.incident import Incident
from trunks.models.trunk import Trunk
from trunks.repositories.incidents import Incidents
from trunks.repositories.liveness import LivenessRows
from trunks.repositories.outbox import Outbox
from trunks.repositories.untold_flips import UntoldFlips
from trunks.rules.events import EventType, incident_body
from trunks.rules.incidents import FALLS_TOGETHER, REOPENS_WITHIN, IncidentKind, Turn, cause_of, turn_of
from trunks.store.database import Database

_CLOSED_AT_ONCE = 100


class IncidentBook:
    """Works inside a transaction of its caller, which keeps the trunks."""

    def __init__(self, session: Session, outbox: Outbox) -> None:
        self._session = session
        self._incidents = Incidents(session)
        self._outbox = outbox

    def enter(self, trunks: Mapping[UUID, Trunk], flips: Mapping[UUID, Sequence[Flip]]) -> None:
        """Open, join and leave incidents as these flips say, in their order."""
        turns = [
            (flip, turn)
            for trunk_id, of in flips.items()
            if not trunks[trunk_id].is_draft
            for flip in of
            if (turn := turn_of(flip.cause, flip.changes)) is not None
        ]
        if not turns:
            return
        places = {flip.trunk_id: trunks[flip.trunk_id].gateways[0].destination_id for flip, _ in turns}
        domains = self._incidents.keep_alone(set(places.values()))
        for flip, (event, kind) in sorted(turns, key=lambda each: each[0].id):
            trunk, destination_id = trunks[flip.trunk_id], places[flip.trunk_id]
            if event is Turn.FELL and kind is not None:
                incident = self._incident(destination_id, domains[destination_id], kind, flip)
                if not self._incidents.concerns(incident.id, trunk.environment_id):
                    announce(self._outbox, EventType.INCIDENT_OPENED, incident, trunk.environment_id, flip.at)
                self._incidents.fell(incident.id, trunk, flip.at)
            else:
                self._incidents.end(trunk.id, event, flip.at)

    def _incident(self, destination_id: UUID, domain: str, kind: IncidentKind, flip: Flip) -> Incident:
        observed = self._observed(destination_id, flip)
        found = self._incidents.at(
            destination_id,
            kind,
            closed_after=flip.at - REOPENS_WITHIN,
            # What another trunk's run came to is said of this one only where its own came to the same.
            verdict=None if kind is IncidentKind.HEALTH else (observed["reason"], flip.at - FALLS_TOGETHER),
        )
        if found is not None:
            found.closed_at = None
            return found
        incident = Incident(
            id=new_id(),
            destination_id=destination_id,
            domain=domain,
            kind=kind,
            opened_at=flip.at,
            **observed,
        )
        self._incidents.add(incident)
        return incident

    def _observed(self, destination_id: UUID, flip: Flip) -> dict[str, Any]:
        """Why it fell, and since when checks failed, where that was by checks."""
        if flip.verification_id is not None:
            (*_, run) = [None, *UntoldFlips(self._session).runs([flip.verification_id])]
            return {"reason": None if run is None or run.reason is None else run.reason.value}
        checked = LivenessRows(self._session).of(destination_id)
        if checked is None or checked.alive or checked.reason is None:
            return {"reason": None}
        return {"reason": checked.reason.value, "silent_since": checked.fell_at}


@dataclass(frozen=True, slots=True)
class IncidentClosing:
    """Closes what concerns no trunk any more: all came back, were edited, switched off or deleted."""

    database: Database
    clock: Clock

    def turn(self) -> int:
        """Close some; give their number. Raises StoreUnavailable."""
        with self.database.read() as session:
            if not Incidents(session).any_left():
                return 0
        with self.database.write() as session:
            left = Incidents(session).left(limit=_CLOSED_AT_ONCE)
            now: datetime = self.clock()
            concerned = {incident.id: Incidents(session).environments(incident.id) for incident in left}
            outbox = Outbox(session, set().union(*concerned.values()), now)
            for incident in left:
                incident.closed_at = now
                for environment_id in concerned[incident.id]:
                    announce(outbox, EventType.INCIDENT_CLOSED, incident, environment_id, now)
            outbox.write()
            return len(left)


def announce(
    outbox: Outbox, event: EventType, incident: Incident, environment_id: UUID, at: datetime
) -> None:
    """Tell a tenant's endpoints of an incident."""
    said = {"reason": incident.reason, "summary": summary_of(incident)}
    outbox.announce_plainly(environment_id, event, at, incident_body(event, at, incident.id, said))


def summary_of(incident: Incident) -> str:
    return cause_of(
        incident.kind, incident.domain, incident.reason, incident.opened_at, incident.silent_since
    )
