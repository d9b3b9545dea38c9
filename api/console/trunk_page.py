"""One trunk, gathered from the services for a page."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from api.call import Call
from api.console.history_chart import DAYS, HistoryChart, chart_of
from api.console.live_ladder import ladder_of, legs_of
from api.console.trunk_rows import Standing, gateway_of, place_of, standing_of
from api.console.words import Verdict, verdict_of
from api.language.catalogs import marked, translated
from api.shared_page.page import Leg, Page, page_of_reports
from sipcheck.report.model import Report
from trunks.catalog.connection import Connection
from trunks.catalog.views import TrunkView
from trunks.errors import EvidenceNotFound
from trunks.models.flip import Flip
from trunks.models.shared_page import SharedPage
from trunks.models.verification import Verification, VerificationStatus
from trunks.people.incident_view import IncidentView
from trunks.repositories.maintenances import HeldSpan
from trunks.rules.connection_details import inbound_warnings
from trunks.rules.events import EventType, events_of
from trunks.rules.health_history import HistoryStep
from trunks.rules.media import media_warnings
from trunks.runs.evidence import evidence_of

_RUNS, _FLIPS, _INCIDENTS = 10, 8, 5
_EVENT_WORDS = {
    EventType.VERIFIED: marked("Verified"),
    EventType.UNVERIFIED: marked("No longer verified"),
    EventType.DOWN: marked("Down: the carrier stopped answering"),
    EventType.RECOVERED: marked("Recovered"),
    EventType.DEGRADED: marked("Degraded: some addresses do not answer"),
    EventType.CREDENTIALS_REJECTED: marked("The carrier rejected the password"),
    EventType.PROVISIONING_FAILED: marked("Not put on the voice infrastructure"),
    EventType.REROUTED: marked("Calls leave by another address"),
}
# As they are stored.
_HEALTH = (marked("unknown"), marked("healthy"), marked("degraded"), marked("unhealthy"))
_SWITCHED = {True: marked("Switched on"), False: marked("Switched off")}


@dataclass(frozen=True, slots=True)
class Happened:
    """A change of state, in words."""

    at: datetime
    words: Sequence[str]


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last run that came to a report; `links` are those that still show it to others."""

    id: UUID
    page: Page
    links: Sequence[SharedPage]


@dataclass(frozen=True, slots=True)
class TrunkPage:
    """`open_run` is one that is queued or under way, `growing` its ladder as far as it is known."""

    view: TrunkView
    standing: Standing
    verdict: Verdict
    place: str
    gateways: Sequence[str]
    warnings: Sequence[str]
    certificate_days: int | None
    open_run: Verification | None
    growing: Sequence[Leg]
    last_run: LastRun | None
    chart: HistoryChart | None
    connection: Connection
    incidents: Sequence[IncidentView]
    held: HeldSpan | None
    happened: Sequence[Happened]


async def gather_trunk(call: Call, trunk_id: UUID) -> TrunkPage:
    """Ask for all that a page shows. Raises TrunkNotFound."""
    view = await call.view(trunk_id)
    now = call.context.installation.clock()
    runs, points, connection, incidents, flips, checked = await asyncio.gather(
        call.ask(call.runs.page, trunk_id, limit=_RUNS),
        call.ask(
            call.catalog.health_history.of,
            trunk_id,
            HistoryStep.DAY,
            since=now - timedelta(days=DAYS),
            until=now,
        ),
        call.ask(call.catalog.connections.of, trunk_id),
        call.ask(call.context.installation.people.incidents.page, trunk_id=trunk_id, limit=_INCIDENTS),
        call.ask(call.catalog.trunks.flips, trunk_id, limit=_FLIPS),
        call.context.threads.run(
            call.context.installation.health.latest.last_result, view.trunk.gateways[0].destination_id
        ),
    )
    (reports, last_run), held = await asyncio.gather(
        _last_run(call, trunk_id, runs),
        call.ask(call.context.installation.people.maintenance.of, trunk_id),
    )
    open_run = next((run for run in runs if run.status is not VerificationStatus.DONE), None)
    settled = last_run is not None and _is_of(view, last_run.id)
    return TrunkPage(
        view=view,
        standing=standing_of(view.trunk),
        verdict=verdict_of(view, checked, reports[0].party if settled else None),
        place=place_of(view.trunk),
        gateways=[gateway_of(each) for each in view.trunk.gateways],
        warnings=[*inbound_warnings(view.profile), *media_warnings(view.profile)],
        certificate_days=None
        if view.certificate_expires_at is None
        else (view.certificate_expires_at - now).days,
        open_run=open_run,
        growing=() if open_run is None else legs_of(await ladder_of(call, open_run)),
        last_run=last_run,
        chart=chart_of(points, now),
        connection=connection,
        incidents=incidents,
        held=held,
        happened=[_happened(flip) for flip in flips],
    )


async def _last_run(
    call: Call, trunk_id: UUID, runs: Sequence[Verification]
) -> tuple[Sequence[Report], LastRun | None]:
    done = next((run for run in runs if run.status is VerificationStatus.DONE), None)
    if done is None:
        return (), None
    run = await call.ask(call.runs.get, trunk_id, done.id)
    try:
        reports = evidence_of(run)
    except EvidenceNotFound:
        return (), None
    links = await call.ask(call.context.installation.runs.sharing.standing, trunk_id, run.id)
    capture_url = f"/console/trunks/{trunk_id}/runs/{run.id}/evidence.pcapng"
    return reports, LastRun(run.id, page_of_reports(reports, capture_url=capture_url), links)


def _is_of(view: TrunkView, run_id: UUID) -> bool:
    return view.last_verification is not None and view.last_verification.id == run_id


def _happened(flip: Flip) -> Happened:
    words = [_EVENT_WORDS[event] for event in events_of(flip.changes) if event in _EVENT_WORDS]
    if "wanted" in flip.changes:
        words.append(_SWITCHED[bool(flip.changes["wanted"][1])])
    if not words and "is_active" in flip.changes:
        words.append(
            marked("In use for calls") if flip.changes["is_active"][1] else marked("Out of use for calls")
        )
    return Happened(flip.at, [translated(each) for each in words or [marked("Its health was found out")]])
