"""talkover's trunks (docs/design/dialects.md)."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from api.parameters import Calling, MakesId, TrunkId, Using
from api.talkover.event_answers import EventList, show_event
from api.talkover.faults import fault_answers
from api.talkover.health_answers import HealthFound, show_health
from api.talkover.parameters import DEFAULT_PAGE, Cursor, Limit, before, cut
from api.talkover.trunk_answers import (
    TrunkChanged,
    TrunkCreated,
    TrunkFound,
    TrunkList,
    TrunkRemoved,
    show_changed,
    show_created,
    show_details,
)
from api.talkover.trunk_bodies import CreateTrunk, UpdateTrunk
from trunks.repositories.trunks import TrunkFilter
from trunks.rules.trunk_state import HealthStatus

router = APIRouter(prefix="/sip-trunks")


@router.post("", status_code=HTTPStatus.CREATED, responses=fault_answers(400, 403, 413, 415, 422))
async def create_sip_trunk(
    body: CreateTrunk, caller: Calling, context: Using, makes_id: MakesId
) -> TrunkCreated:
    """Register a custom SIP trunk for your environment. It has to be verified before it can be used."""
    trunk = await context.threads.run(
        context.installation.catalog.trunks.create, caller, body.to_trunk(), trunk_id=makes_id
    )
    return show_created(trunk)


@router.get("", responses=fault_answers(422))
async def list_sip_trunks(
    caller: Calling,
    context: Using,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    is_active: Annotated[bool | None, Query(description="Only those that are, or are not, active.")] = None,
    is_verified: Annotated[
        bool | None, Query(description="Only those that are, or are not, verified.")
    ] = None,
    health_status: Annotated[HealthStatus | None, Query(description="Only those of this health.")] = None,
) -> TrunkList:
    """List the trunks of your environment, newest first (ours)."""
    shown = TrunkFilter(is_active=is_active, is_verified=is_verified, health_status=health_status)
    found = await context.threads.run(
        context.installation.catalog.views.page, caller, shown, limit=limit + 1, before=before(cursor)
    )
    page, next_cursor = cut(found, limit)
    return TrunkList(data=[show_details(view) for view in page], next_cursor=next_cursor)


@router.get("/{trunk_id}", responses=fault_answers(404))
async def get_sip_trunk(trunk_id: TrunkId, caller: Calling, context: Using) -> TrunkFound:
    """Show a trunk with its state and its last verification."""
    view = await context.threads.run(context.installation.catalog.views.get, caller, trunk_id)
    return TrunkFound(data=show_details(view))


@router.put("/{trunk_id}", responses=fault_answers(400, 404, 409, 413, 415, 422))
@router.patch(
    "/{trunk_id}",
    summary="Update Sip Trunk (ours: the same as PUT)",
    responses=fault_answers(400, 404, 409, 413, 415, 422),
)
async def update_sip_trunk(
    trunk_id: TrunkId, body: UpdateTrunk, caller: Calling, context: Using
) -> TrunkChanged:
    """Change some fields of a trunk; what is left out stays.

    A change of where the trunk is or of its credentials resets is_verified, and is_active with it, while the
    switch stays as you set it: verified again, the trunk is active again (ours).
    """
    edited = await context.threads.run(
        context.installation.catalog.updates.apply, caller, trunk_id, body.to_edit()
    )
    if edited.provisioning:
        context.doorbell.ring_provision(trunk_id)
    return show_changed(edited.trunk)


@router.delete("/{trunk_id}", responses=fault_answers(404, 409))
async def delete_sip_trunk(trunk_id: TrunkId, caller: Calling, context: Using) -> TrunkRemoved:
    """Delete a trunk that has no DIDs."""
    await context.threads.run(context.installation.catalog.trunks.remove, caller, trunk_id)
    return TrunkRemoved()


@router.get("/{trunk_id}/health", response_model_exclude_unset=True, responses=fault_answers(404))
async def check_health(trunk_id: TrunkId, caller: Calling, context: Using) -> HealthFound:
    """Ask whether the carrier answers; it changes nothing about the trunk.

    A result of the last 30 seconds serves; else one question is asked for all trunks that share the carrier's
    address, at its pace (ours).
    """
    trunk = await context.threads.run(context.installation.catalog.trunks.get, caller, trunk_id)
    destinations = [gateway.destination_id for gateway in trunk.gateways]
    return show_health(await context.current_health.results(destinations))


@router.get("/{trunk_id}/events", responses=fault_answers(404, 422))
async def list_events(
    trunk_id: TrunkId, caller: Calling, context: Using, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> EventList:
    """List how and why a trunk's state changed, newest first (ours)."""
    found = await context.threads.run(
        context.installation.catalog.trunks.flips, caller, trunk_id, limit=limit + 1, before=before(cursor)
    )
    page, next_cursor = cut(found, limit)
    return EventList(data=[show_event(flip) for flip in page], next_cursor=next_cursor)
