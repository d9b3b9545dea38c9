"""The requests of an incident's checks and of a tenant's own runs, as a carrier's engineer looks for them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.report.call_ids import sent_requests
from trunks.people.incident_evidence import read_reports
from trunks.repositories.incident_trunks import IncidentTrunks
from trunks.repositories.incidents import Incidents
from trunks.repositories.untold_flips import UntoldFlips
from trunks.rules.what_changed import read_call_ids

# Of a thousand runs a few are looked for.
_RUNS_READ = 10
_REQUESTS_TOLD = 40


@dataclass(frozen=True, slots=True)
class FailedRequest:
    at: datetime
    edge: str | None
    call_id: str


def failed_requests(session: Session, environment_id: UUID, incident_id: UUID) -> list[FailedRequest]:
    """List those of the checks of a tenant's destinations, and of his own runs as long as they are kept."""
    found = [
        FailedRequest(place.silent_since or place.began_at, edge, call_id)
        for place in Incidents(session).places(incident_id, environment_id)
        for edge, call_id in read_call_ids(place.changed)
    ]
    parts = IncidentTrunks(session).trunks(environment_id, incident_id)
    runs = [each.verification_id for each in parts]
    for run_id in [each for each in runs if each is not None][:_RUNS_READ]:
        found += _of_run(session, run_id)
    return sorted(found, key=lambda each: each.at)[:_REQUESTS_TOLD]


def _of_run(session: Session, run_id: UUID) -> Iterator[FailedRequest]:
    for report in read_reports(UntoldFlips(session).report(run_id)):
        for each in sent_requests(report.trace):
            at = report.started_at + timedelta(milliseconds=each.at_ms)
            yield FailedRequest(at, each.edge, each.call_id)
