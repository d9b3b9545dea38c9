"""bolna (docs/design/dialects.md)."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Security
from fastapi.security import HTTPBearer
from starlette.responses import JSONResponse

from api.bolna.answers import (
    Done,
    NumberShown,
    RunWaiting,
    TrunkShown,
    TrunkVerified,
    show_number,
    show_trunk,
    show_verified,
)
from api.bolna.bodies import CreateTrunk, UpdateTrunk
from api.bolna.edits import to_edit
from api.bolna.faults import fault_model
from api.bolna.number_bodies import NumberBody
from api.context import Context
from api.fault_answers import fault_answers_of
from api.parameters import Calling, MakesId, TrunkId, Using, current_request_id, id_in_path
from api.waiter import WaitEnd
from trunks.catalog.views import TrunkView
from trunks.errors import NumberNotFound
from trunks.repositories.trunks import TrunkFilter
from trunks.tenancy.tenants import Caller

PREFIX = "/sip-trunks/trunks"

# The vendor's clients know no pages.
_MOST_SHOWN = 1000

_bearer = HTTPBearer(auto_error=False, description="A token of your environment.")
_answers = fault_answers_of(fault_model)

router = APIRouter(
    prefix=PREFIX,
    tags=["bolna"],
    dependencies=[Security(_bearer)],
    responses=_answers(401, 429, 500, 503),
)


async def _number_id(number_id: str) -> UUID:
    return id_in_path(number_id, NumberNotFound)


NumberId = Annotated[UUID, Depends(_number_id)]


@router.post("", status_code=HTTPStatus.CREATED, responses=_answers(400, 403, 409, 413, 415, 422))
async def create_trunk(body: CreateTrunk, caller: Calling, context: Using, makes_id: MakesId) -> TrunkShown:
    """Create a trunk with its gateways, addresses and numbers, and verify it (ours)."""
    new = body.to_trunk(interval_floor_seconds=_floor(context))
    trunk = await context.threads.run(
        context.installation.catalog.trunks.create, caller, new, trunk_id=makes_id, name_is_unique=True
    )
    await _request(context, caller, trunk.id)
    return await _shown(context, caller, trunk.id)


@router.get("", responses=_answers(400))
async def list_trunks(
    caller: Calling,
    context: Using,
    is_active: Annotated[bool | None, Query(description="Only those that are, or are not, active.")] = None,
) -> list[TrunkShown]:
    """List the newest 1,000 trunks, those of other dialects too (ours)."""
    views = await context.threads.run(
        context.installation.catalog.views.page, caller, TrunkFilter(is_active=is_active), limit=_MOST_SHOWN
    )
    return [show_trunk(view, interval_seconds=_interval(context)) for view in views]


@router.get("/{trunk_id}", responses=_answers(404))
async def get_trunk(trunk_id: TrunkId, caller: Calling, context: Using) -> TrunkShown:
    """Show a trunk."""
    return await _shown(context, caller, trunk_id)


@router.patch("/{trunk_id}", responses=_answers(400, 404, 409, 413, 415, 422))
async def update_trunk(trunk_id: TrunkId, body: UpdateTrunk, caller: Calling, context: Using) -> TrunkShown:
    """Change some fields of a trunk; arrays are replaced whole. A change of connectivity is verified (ours)."""
    edit = to_edit(body, await _view(context, caller, trunk_id), interval_floor_seconds=_floor(context))
    edited = await context.threads.run(
        context.installation.catalog.updates.apply, caller, trunk_id, edit, name_is_unique=True
    )
    if edited.provisioning:
        context.doorbell.ring_provision(trunk_id)
    if edited.moved:
        await _request(context, caller, trunk_id)
    return await _shown(context, caller, trunk_id)


@router.delete("/{trunk_id}", responses=_answers(404))
async def delete_trunk(trunk_id: TrunkId, caller: Calling, context: Using) -> Done:
    """Delete a trunk with its numbers."""
    view = await _view(context, caller, trunk_id)
    await context.threads.run(context.installation.catalog.trunks.remove, caller, trunk_id, with_numbers=True)
    context.doorbell.ring_provision(trunk_id)
    return Done(message=f"Trunk deleted successfully. {len(view.numbers)} phone number(s) removed.")


@router.post(
    "/{trunk_id}/verify",
    responses={202: {"model": RunWaiting, "description": "It goes on (ours)."}, **_answers(404)},
    response_model=TrunkVerified,
)
async def verify_trunk(trunk_id: TrunkId, caller: Calling, context: Using) -> Any:
    """Verify a trunk and wait for what it comes to (ours)."""
    verification_id = await _request(context, caller, trunk_id, on_demand=True)
    runs, settings = context.installation.runs.requests, context.installation.settings
    end = await context.waiter.wait(
        verification_id, context.verifications, timeout_seconds=settings.verify_wait_seconds
    )
    run = await context.threads.run(runs.get, caller, trunk_id, verification_id)
    if end is not WaitEnd.DONE:
        waiting = RunWaiting(verification_id=run.id, status=run.status)
        return JSONResponse(waiting.model_dump(mode="json"), status_code=HTTPStatus.ACCEPTED)
    return show_verified(await _view(context, caller, trunk_id), run, interval_seconds=_interval(context))


@router.post(
    "/{trunk_id}/numbers",
    status_code=HTTPStatus.CREATED,
    responses=_answers(400, 404, 409, 413, 415),
)
async def add_number(trunk_id: TrunkId, body: NumberBody, caller: Calling, context: Using) -> NumberShown:
    """Add a phone number to a trunk."""
    number = await context.threads.run(
        context.installation.catalog.numbers.add, caller, trunk_id, body.to_number()
    )
    return show_number(number)


@router.get("/{trunk_id}/numbers", responses=_answers(404))
async def list_numbers(trunk_id: TrunkId, caller: Calling, context: Using) -> list[NumberShown]:
    """List the newest 1,000 numbers of a trunk."""
    numbers = await context.threads.run(
        context.installation.catalog.numbers.page, caller, trunk_id, limit=_MOST_SHOWN
    )
    return [show_number(number) for number in numbers]


@router.delete("/{trunk_id}/numbers/{number_id}", responses=_answers(404, 409))
async def remove_number(trunk_id: TrunkId, number_id: NumberId, caller: Calling, context: Using) -> Done:
    """Remove a phone number from a trunk."""
    await context.threads.run(context.installation.catalog.numbers.remove, caller, trunk_id, number_id)
    return Done(message="Phone number removed successfully")


async def _view(context: Context, caller: Caller, trunk_id: UUID) -> TrunkView:
    return await context.threads.run(context.installation.catalog.views.get, caller, trunk_id)


async def _shown(context: Context, caller: Caller, trunk_id: UUID) -> TrunkShown:
    return show_trunk(await _view(context, caller, trunk_id), interval_seconds=_interval(context))


async def _request(context: Context, caller: Caller, trunk_id: UUID, *, on_demand: bool = False) -> UUID:
    verification_id = await context.threads.run(
        context.installation.runs.requests.request,
        caller,
        trunk_id,
        request_id=current_request_id(),
        on_demand=on_demand,
    )
    context.doorbell.ring(verification_id, on_demand=on_demand)
    return verification_id


def _interval(context: Context) -> float:
    return context.installation.settings.health_interval_seconds


def _floor(context: Context) -> float:
    return context.installation.settings.health_interval_floor_seconds
