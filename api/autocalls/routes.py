"""autocalls (docs/design/dialects.md): when the create call answers, the trunk is provisioned, or nowhere at all."""

import asyncio
from functools import partial
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import Depends, Path
from starlette.responses import Response

from api.autocalls.answers import Done, TrunkAnswer, TrunkFound, TrunkList, show_details
from api.autocalls.bodies import CreateTrunk, UpdateTrunk
from api.autocalls.edits import NOT_OF_THE_SIDES, OF_ONE_TRUNK, to_edit
from api.autocalls.faults import need_egress, refuse_host
from api.call import Call, Calling
from api.dialects import AUTOCALLS
from api.middleware.write_concurrency import place_left
from api.parameters import MakesId
from api.problems import Problem
from api.store_threads import LOCKED_AT_MOST_SECONDS
from api.waiter import WaitEnd
from api.whole_list import whole_list
from trunks.catalog.update import Edited, EditOf
from trunks.errors import ProvisioningUnfinished, StillBeingChanged, TrunkNotFound
from trunks.repositories.trunks import TrunkFilter

# Both sides, made one after the other by a worker.
_PROVISION_WAIT_SECONDS = 30.0
_RESTARTED_AFTER_SECONDS = "10"
_LOOK_SECONDS = 0.25

_log = structlog.get_logger(__name__)
_answers = AUTOCALLS.fault_answers

router = AUTOCALLS.router()


async def _trunk_id(
    trunk_id: Annotated[str, Path(description="The integer id of the trunk.")], call: Calling
) -> UUID:
    """Find the trunk of an integer; anything else names none."""
    # More digits than any id has would not fit the column.
    if not (trunk_id.isascii() and trunk_id.isdigit() and len(trunk_id) <= 18):
        raise TrunkNotFound
    return await call.ask(call.catalog.views.id_of, int(trunk_id))


TrunkId = Annotated[UUID, Depends(_trunk_id)]


@router.post("/sip-trunks", status_code=HTTPStatus.CREATED, responses=_answers(400, 403, 409, 413, 415, 422))
async def create_sip_trunk(body: CreateTrunk, call: Calling, makes_id: MakesId) -> TrunkAnswer:
    """Create a SIP trunk with its inbound and outbound trunk on the voice infrastructure, then verify it (ours)."""
    need_egress(body.outbound_proxy, has_egress=_has_egress(call))
    refuse_host(body.sip_address, call.host_fault)
    await call.refuse_strangers(body.phone_number)
    trunk = await call.ask(call.catalog.provisioned.begin, body.to_trunk(), trunk_id=makes_id)
    if trunk.is_draft:
        await _settle(call, trunk.id)
    # As it was entered, whatever the verification comes to meanwhile.
    made = show_details(await call.view(trunk.id))
    await call.verify(trunk.id)
    return TrunkAnswer(message="SIP trunk created successfully.", data=made)


@router.get("/sip-trunks", response_model=TrunkList)
async def list_sip_trunks(call: Calling) -> Response:
    """List the newest 1,000 SIP trunks, those of other dialects too (ours)."""
    found = await whole_list(call, TrunkFilter(), show_details)
    return Response(b'{"data":' + found + b"}", media_type="application/json")


@router.get("/sip-trunks/{trunk_id}", responses=_answers(404))
async def get_sip_trunk(trunk_id: TrunkId, call: Calling) -> TrunkFound:
    """Show a SIP trunk."""
    return TrunkFound(data=show_details(await call.view(trunk_id)))


@router.put("/sip-trunks/{trunk_id}", responses=_answers(400, 404, 409, 413, 415, 422))
async def update_sip_trunk(trunk_id: TrunkId, body: UpdateTrunk, call: Calling) -> TrunkAnswer:
    """Change some fields of a SIP trunk; only the sides that they touch are provisioned anew, in place.

    A side that fails takes the whole change back, with 500 (ours).
    """
    edit = partial(to_edit, body, has_egress=_has_egress(call), host_fault=call.host_fault)
    if body.phone_number is not None:
        await call.refuse_strangers(body.phone_number)
    alone = bool(body.model_fields_set & OF_ONE_TRUNK)
    edited = await _apply(call, trunk_id, edit, alone=alone)
    if edited.provisioning:
        await _follow(call, edited)
    elif edited.changed_nothing and body.model_fields_set - NOT_OF_THE_SIDES:
        await _await_sides(call, trunk_id)
    if edited.moved:
        await call.verify(trunk_id)
    return TrunkAnswer(
        message="SIP trunk updated successfully.", data=show_details(await call.view(trunk_id))
    )


@router.delete("/{trunk_id}", responses=_answers(404, 409))
async def delete_phone_number(trunk_id: str, call: Calling) -> Done:
    """Delete a SIP trunk, with both its sides on the voice infrastructure."""
    try:
        found = await _trunk_id(trunk_id, call)
        await call.ask(call.catalog.trunks.remove, found, with_numbers=True)
    except TrunkNotFound:
        raise Problem(HTTPStatus.NOT_FOUND, "NOT_FOUND", "Phone number not found.") from None
    call.ring_provision(found)
    return Done(message="Phone number deleted successfully.")


def _has_egress(call: Call) -> bool:
    return call.settings.fixed_egress is not None


async def _settle(call: Call, trunk_id: UUID) -> None:
    """Wait for both sides; without them nothing is left of the trunk."""
    end = await _provisioned(call, trunk_id)
    try:
        await call.context.threads.run(call.catalog.provisioned.settle, trunk_id)
    except ProvisioningUnfinished as failure:
        _log.warning("trunk-not-provisioned", trunk_id=str(trunk_id), cause=failure.cause)
        call.ring_provision(trunk_id)
        raise _why("create", end, failure.cause if failure.lasting else None) from failure


async def _apply(call: Call, trunk_id: UUID, edit: EditOf, *, alone: bool) -> Edited:
    """Edit, once no other edit may be taken back any more."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _PROVISION_WAIT_SECONDS
    while True:
        try:
            return await call.ask(
                call.catalog.updates.apply,
                trunk_id,
                edit,
                alone=alone,
                verify=True,
                follow_seconds=_PROVISION_WAIT_SECONDS + LOCKED_AT_MOST_SECONDS,
            )
        except StillBeingChanged:
            if loop.time() >= until:
                raise
        async with place_left():
            await asyncio.sleep(_LOOK_SECONDS)


async def _follow(call: Call, edited: Edited) -> None:
    """Wait for the sides to follow an edit, or take it back."""
    trunk_id = edited.trunk.id
    end, refused = await _provisioned(call, trunk_id), None
    if end is WaitEnd.DONE:
        overview = call.context.installation.provisions.overview
        view = await call.context.threads.run(overview.view, trunk_id)
        if view is not None and view.succeeded:
            await call.context.threads.run(call.catalog.updates.let_go, trunk_id)
            return
        refused = None if view is None else view.refused
    _log.warning("edit-not-provisioned", trunk_id=str(trunk_id))
    to_verify = await call.context.threads.run(call.catalog.updates.take_back, edited)
    call.ring_provision(trunk_id)
    if to_verify:
        await call.verify(trunk_id)
    raise _why("update", end, refused)


async def _await_sides(call: Call, trunk_id: UUID) -> None:
    """Wait for what an edit before has asked of the sides: whoever sent it may be gone, and this is the same again."""
    overview = call.context.installation.provisions.overview
    view = await call.context.threads.run(overview.view, trunk_id)
    if view is None or view.succeeded:
        return
    end = await _provisioned(call, trunk_id)
    if end is WaitEnd.DONE:
        view = await call.context.threads.run(overview.view, trunk_id)
        if view is None or view.succeeded:
            return
    raise _why("update", end, view.refused)


async def _provisioned(call: Call, trunk_id: UUID) -> WaitEnd:
    context = call.context
    call.ring_provision(trunk_id)
    return await context.waiter.wait(trunk_id, context.provisions, timeout_seconds=_PROVISION_WAIT_SECONDS)


def _why(what: str, end: WaitEnd, refused: str | None) -> Problem:
    """Say why the sides do not stand; what would be refused again is not told to try again (ours)."""
    if end is WaitEnd.DISMISSED:
        return _broken_off(what)
    if refused is not None:
        return Problem(HTTPStatus.CONFLICT, "PROVISIONING_REFUSED", refused)
    return _failed(what)


def _failed(what: str) -> Problem:
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "PROVISIONING_FAILED",
        f"Failed to {what} SIP trunk. Please try again or contact support.",
    )


def _broken_off(what: str) -> Problem:
    """Answer for a process that ends; nothing is kept under an Idempotency-Key, and the request may come again."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "PROVISIONING_BROKEN_OFF",
        f"Failed to {what} SIP trunk: this service is being restarted, and nothing was changed. "
        "Send the same request again in a few seconds.",
        headers={"Retry-After": _RESTARTED_AFTER_SECONDS},
    )
