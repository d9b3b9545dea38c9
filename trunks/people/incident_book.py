"""Incidents as flips open and close them, in the transaction that tells the flips."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.clock import Clock
from trunks.ids import new_id
from trunks.models.flip import Flip
from trunks.models.incident import Incident, IncidentPlace
from trunks.models.trunk import Trunk
from trunks.people.incident_evidence import FallSeen, IncidentEvidence
from trunks.repositories.incident_tenants import IncidentTenants
from trunks.repositories.incident_trunks import IncidentTrunks
from trunks.repositories.incidents import Incidents
from trunks.repositories.outbox import Outbox
from trunks.rules.events import EventType, incident_body
from trunks.rules.incidents import (
    FALLS_TOGETHER,
    FEWEST_PROOFS,
    REOPENS_WITHIN,
    IncidentKind,
    Turn,
    cause_of,
    turn_of,
)
from trunks.rules.operator_notice import TOLD_AFTER
from trunks.store.database import Database

_CLOSED_AT_ONCE = 100


class IncidentBook:
    """Works inside a transaction of its caller, which keeps the trunks."""

    def __init__(self, session: Session, outbox: Outbox) -> None:
        self._session = session
        self._incidents = Incidents(session)
        self._trunks = IncidentTrunks(session)
        self._tenants = IncidentTenants(session)
        self._evidence = IncidentEvidence(session)
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
        self._incidents.alone()
        places = {flip.trunk_id: trunks[flip.trunk_id].gateways[0].destination_id for flip, _ in turns}
        domains = self._incidents.keep_alone(set(places.values()))
        concerned = self._trunks.concerned(places.keys())
        for flip, (event, kind) in sorted(turns, key=lambda each: each[0].id):
            trunk, destination_id = trunks[flip.trunk_id], places[flip.trunk_id]
            if event is Turn.FELL and kind is not None:
                self._fell(trunk, kind, flip, _Destination(destination_id, domains[destination_id]))
                concerned.add(trunk.id)
            elif trunk.id in concerned:
                self._trunks.end(trunk.id, event, flip.at)

    def _fell(self, trunk: Trunk, kind: IncidentKind, flip: Flip, destination: "_Destination") -> None:
        seen = self._evidence.of(destination.id, flip)
        incident = self._incident(destination, kind, flip, seen)
        place = self._place(incident, destination, flip, seen)
        self._trunks.fell(
            place, trunk, flip.at, verification_id=flip.verification_id, changed=seen.own_changes
        )
        if kind is IncidentKind.REALM and self._trunks.number(incident.id) == FEWEST_PROOFS:
            # It is one by this proof: for the operator it begins now, not with the first.
            _tell_not_before(incident, flip.at + TOLD_AFTER)
        for each in self._hearers(incident, trunk):
            if self._tenants.hears(incident.id, each, flip.at):
                about = Told(incident, each, trunk.id)
                announce(self._session, self._outbox, EventType.INCIDENT_OPENED, about, flip.at)

    def _hearers(self, incident: Incident, trunk: Trunk) -> set[UUID]:
        is_of_realms = incident.kind is IncidentKind.REALM
        return self._trunks.told(incident.id) if is_of_realms else {trunk.environment_id}

    def _incident(
        self, destination: "_Destination", kind: IncidentKind, flip: Flip, seen: FallSeen
    ) -> Incident:
        is_of_health = kind is IncidentKind.HEALTH
        since = flip.at - FALLS_TOGETHER
        found = self._incidents.at(
            destination.id,
            kind,
            closed_after=flip.at - REOPENS_WITHIN,
            # What another trunk's run came to is said of this one only where its own came to the same.
            verdict=(seen.reason, since) if kind is IncidentKind.VERDICT else None,
        )
        if found is None and is_of_health:
            found = self._incidents.at_addresses(seen.addresses, opened_after=since)
        if found is not None:
            found.closed_at = None
            return found
        incident = Incident(
            id=new_id(),
            destination_id=destination.id,
            domain=destination.domain,
            kind=kind,
            reason=seen.reason,
            silent_since=seen.silent_since,
            opened_at=flip.at,
            notify_at=flip.at + TOLD_AFTER,
        )
        self._incidents.add(incident)
        return incident

    def _place(
        self, incident: Incident, destination: "_Destination", flip: Flip, seen: FallSeen
    ) -> IncidentPlace:
        place = self._incidents.place(incident.id, destination.id)
        if place is None:
            place = IncidentPlace(
                id=new_id(),
                incident_id=incident.id,
                destination_id=destination.id,
                domain=destination.domain,
                reason=seen.reason,
                silent_since=seen.silent_since,
                began_at=flip.at,
                changed=seen.changed,
            )
            self._incidents.add(place)
            self._incidents.fell_at(incident.id, seen.addresses)
        return place


def _tell_not_before(incident: Incident, at: datetime) -> None:
    """Let the operator be told later, where no try was made to tell him."""
    if incident.notify_at is not None and incident.notify_tries == 0:
        incident.notify_at = max(incident.notify_at, at)


@dataclass(frozen=True, slots=True)
class _Destination:
    id: UUID
    domain: str


@dataclass(frozen=True, slots=True)
class IncidentClosing:
    """Closes what concerns no trunk any more: all came back, were edited, switched off or deleted.

    For a tenant it is over with the last of his own, which is told him; others' are nothing of his.
    """

    database: Database
    clock: Clock

    def turn(self) -> int:
        """Close some; give their number. Raises StoreUnavailable."""
        with self.database.question() as session:
            if not (IncidentTenants(session).any_left() or Incidents(session).any_left()):
                return 0
        with self.database.write() as session:
            # What opens one meanwhile would find it open, and then it would be closed.
            Incidents(session).alone()
            now = self.clock()
            closed = self._close_for_tenants(session, now)
            left = Incidents(session).left(limit=_CLOSED_AT_ONCE)
            for incident in left:
                incident.closed_at = now
            return closed + len(left)

    def _close_for_tenants(self, session: Session, now: datetime) -> int:
        left = IncidentTenants(session).left(limit=_CLOSED_AT_ONCE)
        outbox = Outbox(session, {part.environment_id for part, _ in left}, now)
        for part, incident in left:
            part.closed_at = now
            by = IncidentTrunks(session).last_trunk(part.environment_id, incident.id)
            about = Told(incident, part.environment_id, by)
            announce(session, outbox, EventType.INCIDENT_CLOSED, about, now)
        outbox.write()
        return len(left)


@dataclass(frozen=True, slots=True)
class Told:
    """An incident as a tenant is told of it, by the trunk that made it so; None where that is gone."""

    incident: Incident
    environment_id: UUID
    by_trunk_id: UUID | None


def announce(session: Session, outbox: Outbox, event: EventType, told: Told, at: datetime) -> None:
    """Tell a tenant's endpoints of an incident, as far as it is his."""
    if not outbox.hears(told.environment_id):
        return
    incident = told.incident
    places = Incidents(session).places(incident.id, told.environment_id)
    # Of trunks that are gone nothing is left to be said.
    began_at = IncidentTrunks(session).first_fall(incident.id, told.environment_id)
    said = (
        {}
        if began_at is None
        else {"reason": reason_of(places), "summary": summary_of(incident, places, began_at)}
    )
    body = incident_body(event, at, incident.id, said)
    outbox.announce_plainly(told.environment_id, event, at, body, about_trunk_id=told.by_trunk_id)


def reason_of(places: Sequence[IncidentPlace]) -> str | None:
    """The reason that all of these places have."""
    reasons = {place.reason for place in places}
    return reasons.pop() if len(reasons) == 1 else None


def summary_of(incident: Incident, places: Sequence[IncidentPlace], began_at: datetime) -> str:
    """Say in one sentence what fell at these places; where checks saw nothing it began with the first fall."""
    since = min((place.silent_since for place in places if place.silent_since is not None), default=began_at)
    domains = [place.domain for place in places] or [incident.domain]
    return cause_of(incident.kind, domains, reason_of(places), since)
