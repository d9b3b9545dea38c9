"""Incidents (ours; docs/design/people.md)."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse

from api.call import Call, Calling
from api.dialects import TALKOVER
from api.parameters import TrunkId, id_in_path
from api.talkover.parameters import DEFAULT_PAGE, Cursor, IncidentId, Limit, page_of
from api.talkover.people.incident_answers import IncidentFound, IncidentPage, show_incident
from trunks.errors import TrunkNotFound

_answers = TALKOVER.fault_answers

router = APIRouter()

IsOpen = Annotated[bool | None, Query(alias="open", description="Only those that are, or are not, open.")]
OfTrunk = Annotated[str | None, Query(description="Only those of this trunk.")]


@router.get("/incidents", responses=_answers(404, 422))
async def list_incidents(
    call: Calling,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    is_open: IsOpen = None,
    trunk_id: OfTrunk = None,
) -> IncidentPage:
    """List what fell at the carriers of your trunks, newest first (ours)."""
    trunk = None if trunk_id is None else id_in_path(trunk_id, TrunkNotFound)
    return await _page(call, limit, cursor, is_open, trunk)


@router.get("/sip-trunks/{trunk_id}/incidents", responses=_answers(404, 422))
async def list_incidents_of_trunk(
    trunk_id: TrunkId, call: Calling, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> IncidentPage:
    """List the incidents of one trunk, newest first (ours)."""
    return await _page(call, limit, cursor, None, trunk_id)


@router.get("/incidents/{incident_id}", responses=_answers(404))
async def get_incident(incident_id: IncidentId, call: Calling) -> IncidentFound:
    """Show an incident: since when, what changed, who is concerned (ours)."""
    found = await call.ask(call.context.installation.people.incidents.get, incident_id)
    return IncidentFound(data=show_incident(found))


@router.get("/incidents/{incident_id}/letter", response_class=PlainTextResponse, responses=_answers(404))
async def write_letter(incident_id: IncidentId, call: Calling) -> PlainTextResponse:
    """Write what your carrier's engineer needs, as plain text in UTC (ours)."""
    return PlainTextResponse(await call.ask(call.context.installation.people.incidents.letter, incident_id))


async def _page(
    call: Call, limit: int, cursor: str | None, is_open: bool | None, trunk_id: UUID | None
) -> IncidentPage:
    service = call.context.installation.people.incidents.page
    found, next_cursor = await page_of(
        call, partial(service, is_open=is_open, trunk_id=trunk_id), limit=limit, cursor=cursor
    )
    return IncidentPage(data=[show_incident(each) for each in found], next_cursor=next_cursor)
