"""bolna (docs/design/dialects.md)."""

from functools import partial
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from starlette.responses import JSONResponse, Response

from api.bolna.answers import (
    Done,
    NumberShown,
    RunWaiting,
    TrunkShown,
    TrunkVerified,
    show_number,
    show_overtaken,
    show_trunk,
    show_verified,
)
from api.bolna.bodies import CreateTrunk, UpdateTrunk
from api.bolna.edits import OF_ONE_TRUNK, to_edit
from api.bolna.faults import refuse_hosts
from api.bolna.number_bodies import NumberBody
from api.call import Call, Calling
from api.dialects import BOLNA
from api.parameters import IsActive, MakesId, TrunkId, id_in_path
from api.whole_list import whole_list
from trunks.errors import NumberNotFound
from trunks.repositories.trunks import TrunkFilter

# The vendor's clients know no pages, so a page is large.
_MOST_NUMBERS = 1000

_answers = BOLNA.fault_answers

router = BOLNA.router()


async def _number_id(number_id: str) -> UUID:
    return id_in_path(number_id, NumberNotFound)


NumberId = Annotated[UUID, Depends(_number_id)]


async def _before(
    before: Annotated[
        str | None, Query(description="The id of the last number that was seen (ours).")
    ] = None,
) -> UUID | None:
    return None if before is None else id_in_path(before, NumberNotFound)


Before = Annotated[UUID | None, Depends(_before)]


@router.post("", status_code=HTTPStatus.CREATED, responses=_answers(400, 403, 409, 413, 415, 422))
async def create_trunk(body: CreateTrunk, call: Calling, makes_id: MakesId) -> TrunkShown:
    """Create a trunk with its gateways, addresses and numbers, and verify it (ours)."""
    new = body.to_trunk(interval_floor_seconds=call.settings.health_interval_floor_seconds)
    refuse_hosts([each.host for each in new.gateways], call.host_fault)
    await call.refuse_strangers(*(number.number for number in new.numbers))
    trunk = await call.ask(
        call.catalog.trunks.create, new, trunk_id=makes_id, name_is_unique=True, verify=True
    )
    await call.verify(trunk.id)
    return await _shown(call, trunk.id)


@router.get("", response_model=list[TrunkShown], responses=_answers(400))
async def list_trunks(call: Calling, is_active: IsActive = None) -> Response:
    """List the newest 1,000 trunks, those of other dialects too (ours)."""
    show = partial(show_trunk, interval_seconds=_interval(call))
    found = await whole_list(call, TrunkFilter(is_active=is_active), show)
    return Response(found, media_type="application/json")


@router.get("/{trunk_id}", responses=_answers(404))
async def get_trunk(trunk_id: TrunkId, call: Calling) -> TrunkShown:
    """Show a trunk."""
    return await _shown(call, trunk_id)


@router.patch("/{trunk_id}", responses=_answers(400, 404, 409, 413, 415, 422))
async def update_trunk(trunk_id: TrunkId, body: UpdateTrunk, call: Calling) -> TrunkShown:
    """Change some fields of a trunk; arrays are replaced whole. A change of connectivity is verified (ours)."""
    edit = partial(
        to_edit,
        body,
        interval_seconds=_interval(call),
        interval_floor_seconds=call.settings.health_interval_floor_seconds,
        host_fault=call.host_fault,
    )
    await call.refuse_strangers(*(number.phone_number for number in body.phone_numbers or ()))
    alone = bool(body.model_fields_set & OF_ONE_TRUNK)
    edited = await call.ask(call.catalog.updates.apply, trunk_id, edit, alone=alone, verify=True)
    if edited.provisioning:
        call.ring_provision(trunk_id)
    if edited.moved:
        await call.verify(trunk_id)
    return await _shown(call, trunk_id)


@router.delete("/{trunk_id}", responses=_answers(404))
async def delete_trunk(trunk_id: TrunkId, call: Calling) -> Done:
    """Delete a trunk with its numbers."""
    view = await call.view(trunk_id)
    await call.ask(call.catalog.trunks.remove, trunk_id, with_numbers=True, with_used_numbers=True)
    call.ring_provision(trunk_id)
    return Done(message=f"Trunk deleted successfully. {view.number_count} phone number(s) removed.")


@router.post(
    "/{trunk_id}/verify",
    responses={202: {"model": RunWaiting, "description": "It goes on (ours)."}, **_answers(404)},
    response_model=TrunkVerified,
)
async def verify_trunk(trunk_id: TrunkId, call: Calling) -> Any:
    """Verify a trunk and wait for what it comes to (ours)."""
    run = await call.verify(trunk_id, on_demand=True)
    is_done = await call.is_done(run.id)
    run = await call.ask(call.runs.get, trunk_id, run.id)
    # Read after the run: one that is of the trunk as it is now, or of what it was.
    view = await call.view(trunk_id)
    if is_done and run.overtaken_by(view.trunk.generation):
        return show_overtaken(view, run, interval_seconds=_interval(call))
    if is_done and run.has_told:
        return show_verified(view, run, interval_seconds=_interval(call))
    waiting = RunWaiting(verification_id=run.id, status=run.status)
    return JSONResponse(waiting.model_dump(mode="json"), status_code=HTTPStatus.ACCEPTED)


@router.post(
    "/{trunk_id}/numbers",
    status_code=HTTPStatus.CREATED,
    responses=_answers(400, 404, 409, 413, 415),
)
async def add_number(trunk_id: TrunkId, body: NumberBody, call: Calling, makes_id: MakesId) -> NumberShown:
    """Add a phone number to a trunk."""
    await call.refuse_strangers(body.phone_number)
    number = await call.ask(call.catalog.numbers.add, trunk_id, body.to_number(), number_id=makes_id)
    call.ring_provision(trunk_id)
    return show_number(number)


@router.get("/{trunk_id}/numbers", responses=_answers(404))
async def list_numbers(trunk_id: TrunkId, call: Calling, before: Before = None) -> list[NumberShown]:
    """List the newest 1,000 numbers of a trunk, or those entered before one of them (ours)."""
    numbers = await call.ask(call.catalog.numbers.page, trunk_id, limit=_MOST_NUMBERS, before=before)
    return [show_number(number) for number in numbers]


@router.delete("/{trunk_id}/numbers/{number_id}", responses=_answers(404, 409))
async def remove_number(trunk_id: TrunkId, number_id: NumberId, call: Calling) -> Done:
    """Remove a phone number from a trunk."""
    await call.ask(call.catalog.numbers.remove, trunk_id, number_id)
    call.ring_provision(trunk_id)
    return Done(message="Phone number removed successfully")


async def _shown(call: Call, trunk_id: UUID) -> TrunkShown:
    return show_trunk(await call.view(trunk_id), interval_seconds=_interval(call))


def _interval(call: Call) -> float:
    return call.settings.health_interval_seconds
