"""The operator is told of each incident once, by every address that wants it: at least once, whoever is killed.

An incident is claimed by a lease; what was told by which address is written down before the lease is given back, so
that one address that is away costs no other a second message.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from trunks.clock import Clock
from trunks.ids import new_id
from trunks.models.incident import Incident
from trunks.people.operator_incidents import operator_view
from trunks.repositories.all_incidents import AllIncidents, News
from trunks.repositories.incident_trunks import IncidentTrunks
from trunks.repositories.maintenances import Maintenances
from trunks.rules.operator_notice import (
    NEWS_FOR,
    OperatorNotice,
    Severity,
    next_try,
    severity_of,
    write_notice,
)
from trunks.store.database import Database

_log = structlog.get_logger(__name__)

# Longer than a try of all addresses takes.
LEASE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class NoticeClaim:
    """A notice that is ours to send, but for the addresses, by their places, that were told before."""

    incident_id: UUID
    claim_id: UUID
    severity: Severity
    notice: OperatorNotice
    told: frozenset[int]


@dataclass(frozen=True, slots=True)
class OperatorNotices:
    database: Database
    clock: Clock

    def claim(self, *, limit: int) -> list[NoticeClaim]:
        """Claim incidents that the operator is to be told of. Raises StoreUnavailable."""
        now = self.clock()
        with self.database.question() as session:
            incidents = AllIncidents(session)
            if not incidents.any_untold(now) or not incidents.any_to_tell(now, _news(session, now)):
                return []
        with self.database.write() as session:
            found = AllIncidents(session).to_tell(now, _news(session, now), limit=limit)
            claims = []
            for incident in found:
                claim_id = new_id()
                incident.claim(claim_id, now + LEASE)
                view = operator_view(session, incident)
                places = {each.destination_id for each in view.places if each.destination_id is not None}
                notice = write_notice(
                    view.cause,
                    [change.sentence for change in view.changed],
                    incident_id=str(incident.id),
                    domain=incident.domain,
                    concerned=(view.trunks, IncidentTrunks(session).trunks_at(places), len(view.tenants)),
                )
                claims.append(
                    NoticeClaim(incident.id, claim_id, severity_of(incident.kind), notice, _told(incident))
                )
            return claims

    def record(self, claim: NoticeClaim, told: Collection[int], failed: Collection[int]) -> None:
        """Write which addresses were told, and when the others are tried again. Raises StoreUnavailable."""
        with self.database.write() as session:
            incident = AllIncidents(session).claimed(claim.incident_id, claim.claim_id)
            if incident is None:
                return
            incident.release()
            incident.notify_tries += 1
            incident.notify_told = " ".join(str(each) for each in sorted({*claim.told, *told}))
            incident.notify_at = next_try(incident.notify_tries, self.clock()) if failed else None
        if failed:
            # By their places in the setting: an address has secrets in it.
            _log.warning("notice-failed", incident_id=str(claim.incident_id), addresses=sorted(failed))


def _news(session: Session, now: datetime) -> News:
    rows = Maintenances(session)
    return News(now - NEWS_FOR, rows.held(now), rows.held_after(now - NEWS_FOR))


def _told(incident: Incident) -> frozenset[int]:
    return frozenset(int(each) for each in (incident.notify_told or "").split())
