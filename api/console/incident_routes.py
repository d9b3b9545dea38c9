"""Incidents: what fell, since when, why, who else, and the letter to the carrier."""

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from api.console.page import HEADERS, page
from api.console.visit import HOME, Visiting
from api.language.catalogs import marked
from api.talkover.parameters import IncidentId
from trunks.ids import read_id
from trunks.people.incident_view import IncidentView, Moment

INCIDENTS = f"{HOME}/incidents"

_ROWS = 30
_WORDS = {
    "first-failure": marked("The first check failed"),
    "fell": marked("A trunk fell"),
    "recovered": marked("A trunk recovered"),
    "edited": marked("A trunk was changed"),
    "switched-off": marked("A trunk was switched off"),
    "deleted": marked("A trunk was deleted"),
    "closed": marked("The incident was over"),
}

router = APIRouter(prefix="/incidents")


@router.get("")
async def list_incidents(request: Request, visit: Visiting) -> Response:
    """List incidents, newest first."""
    query = request.query_params
    only_open = query.get("show") == "open"
    service = visit.call.context.installation.people.incidents.page
    found = await visit.call.ask(
        service, limit=_ROWS + 1, before=read_id(query.get("before", "")), is_open=only_open or None
    )
    shown = found[:_ROWS]
    kept = "show=open&" if only_open else ""
    more = f"{INCIDENTS}?{kept}before={shown[-1].id}" if len(found) > _ROWS else None
    return page("incidents.html", visit, incidents=shown, only_open=only_open, more=more)


@router.get("/{incident_id}")
async def show_incident(incident_id: IncidentId, visit: Visiting) -> Response:
    """Show one. Raises IncidentNotFound."""
    people = visit.call.context.installation.people
    found = await visit.call.ask(people.incidents.get, incident_id)
    letter = await visit.call.ask(people.incidents.letter, incident_id)
    return page("incident.html", visit, incident=found, moments=_moments(found), letter=letter)


@router.get("/{incident_id}/letter.txt")
async def give_letter(incident_id: IncidentId, visit: Visiting) -> Response:
    """Give the letter to the carrier as a file. Raises IncidentNotFound."""
    letter = await visit.call.ask(visit.call.context.installation.people.incidents.letter, incident_id)
    name = f"incident-{incident_id}.txt"
    return PlainTextResponse(
        letter, headers={**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    )


def _moments(found: IncidentView) -> list[tuple[Moment, str]]:
    return [(each, _WORDS.get(each.event, each.event)) for each in found.timeline]
