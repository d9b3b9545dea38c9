"""talkover's trunks (docs/design/dialects.md)."""

from functools import partial
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from api.call import Calling
from api.dialects import TALKOVER
from api.parameters import IsActive, MakesId, TrunkId
from api.talkover.parameters import DEFAULT_PAGE, AskedSpan, Cursor, Limit, page_of
from api.talkover.trunks.connection_answers import ConnectionFound, show_connection
from api.talkover.trunks.event_answers import EventList, EventShown
from api.talkover.trunks.health_answers import HealthFound, show_health
from api.talkover.trunks.history_answers import HistoryFound, show_history
from api.talkover.trunks.trunk_answers import (
    TrunkChanged,
    TrunkCreated,
    TrunkFound,
    TrunkList,
    TrunkRemoved,
    show_changed,
    show_created,
    show_details,
)
from api.talkover.trunks.trunk_bodies import CreateTrunk, UpdateTrunk
from api.talkover.trunks.trunk_edits import OF_ONE_TRUNK, to_edit
from trunks.repositories.trunks import TrunkFilter
from trunks.rules.trunk_state import HealthStatus

_answers = TALKOVER.fault_answers

router = APIRouter(prefix="/sip-trunks")


@router.post("", status_code=HTTPStatus.CREATED, responses=_answers(400, 403, 413, 415, 422))
async def create_sip_trunk(body: CreateTrunk, call: Calling, makes_id: MakesId) -> TrunkCreated:
    """Register a custom SIP trunk for your environment. It has to be verified before it can be used."""
    return show_created(await call.ask(call.catalog.trunks.create, body.to_trunk(), trunk_id=makes_id))


@router.get("", responses=_answers(422))
async def list_sip_trunks(
    call: Calling,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    is_active: IsActive = None,
    is_verified: Annotated[
        bool | None, Query(description="Only those that are, or are not, verified.")
    ] = None,
    health_status: Annotated[HealthStatus | None, Query(description="Only those of this health.")] = None,
) -> TrunkList:
    """List the trunks of your environment, newest first (ours)."""
    shown = TrunkFilter(is_active=is_active, is_verified=is_verified, health_status=health_status)
    page, next_cursor = await page_of(call, call.catalog.views.page, shown, limit=limit, cursor=cursor)
    return TrunkList(data=[show_details(view) for view in page], next_cursor=next_cursor)


@router.get("/{trunk_id}", responses=_answers(404))
async def get_sip_trunk(trunk_id: TrunkId, call: Calling) -> TrunkFound:
    """Show a trunk with its state and its last verification."""
    return TrunkFound(data=show_details(await call.view(trunk_id)))


@router.put("/{trunk_id}", responses=_answers(400, 404, 409, 413, 415, 422))
@router.patch(
    "/{trunk_id}",
    summary="Update Sip Trunk (ours: the same as PUT)",
    responses=_answers(400, 404, 409, 413, 415, 422),
)
async def update_sip_trunk(trunk_id: TrunkId, body: UpdateTrunk, call: Calling) -> TrunkChanged:
    """Change some fields of a trunk; what is left out stays.

    A change of where the trunk is or of its credentials resets is_verified, and is_active with it, while the
    switch stays as you set it: verified again, the trunk is active again (ours).
    """
    alone = bool(body.model_fields_set & OF_ONE_TRUNK)
    edited = await call.ask(call.catalog.updates.apply, trunk_id, partial(to_edit, body), alone=alone)
    if edited.provisioning:
        call.ring_provision(trunk_id)
    return show_changed(edited.trunk, edited.taken.after.profile)


@router.delete("/{trunk_id}", responses=_answers(404, 409))
async def delete_sip_trunk(trunk_id: TrunkId, call: Calling) -> TrunkRemoved:
    """Delete a trunk that has no DIDs."""
    await call.ask(call.catalog.trunks.remove, trunk_id)
    call.ring_provision(trunk_id)
    return TrunkRemoved()


@router.get("/{trunk_id}/health", response_model_exclude_unset=True, responses=_answers(404))
async def check_health(trunk_id: TrunkId, call: Calling) -> HealthFound:
    """Ask whether the carrier answers; it changes nothing about the trunk.

    A result of the last 30 seconds serves; else one question is asked for all trunks that share the carrier's
    address, at its pace (ours).
    """
    trunk = await call.ask(call.catalog.trunks.get, trunk_id)
    destinations = [gateway.destination_id for gateway in trunk.gateways]
    current = call.context.current_health
    results = await current.results(destinations)
    latest = call.context.installation.health.latest
    edges = await call.context.threads.run(latest.edges, destinations)
    return show_health(results, edges, current.clock())


@router.get("/{trunk_id}/health/history", responses=_answers(404, 422))
async def show_health_history(trunk_id: TrunkId, call: Calling, span: AskedSpan) -> HistoryFound:
    """Show what health checks came to by the hour or by the day, oldest first (ours).

    An hour or a day without a check is left out. Hours are kept for 30 days unless your operator set another time.
    """
    history = call.catalog.health_history.of
    return show_history(await call.ask(history, trunk_id, span.step, since=span.since, until=span.until))


@router.get("/{trunk_id}/connection-details", responses=_answers(404))
async def show_connection_details(trunk_id: TrunkId, call: Calling) -> ConnectionFound:
    """Show what to allow at the carrier, and where it sends calls (ours)."""
    return show_connection(await call.ask(call.catalog.connections.of, trunk_id))


@router.get("/{trunk_id}/events", responses=_answers(404, 422))
async def list_events(
    trunk_id: TrunkId, call: Calling, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> EventList:
    """List how and why a trunk's state changed, newest first (ours)."""
    page, next_cursor = await page_of(call, call.catalog.trunks.flips, trunk_id, limit=limit, cursor=cursor)
    return EventList(data=[EventShown.model_validate(flip) for flip in page], next_cursor=next_cursor)
