"""talkover's DIDs (docs/design/dialects.md)."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from api.call import Calling
from api.dialects import TALKOVER
from api.parameters import MakesId, TrunkId
from api.talkover.parameters import Cursor, NumberId, page_of
from api.talkover.trunks.number_answers import (
    NumberChanged,
    NumberCreated,
    NumberList,
    NumberRemoved,
    show_created,
    show_listed,
)
from api.talkover.trunks.number_bodies import AssignNumber, CreateNumber

# The vendor's clients know no pages, so a page is large.
_PAGE = 1000

_answers = TALKOVER.fault_answers

router = APIRouter(prefix="/sip-trunks/{trunk_id}/dids")


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    response_model_exclude_unset=True,
    responses=_answers(400, 404, 409, 413, 415, 422),
)
async def create_did(
    trunk_id: TrunkId, body: CreateNumber, call: Calling, makes_id: MakesId
) -> NumberCreated:
    """Add a DID (phone number) to a trunk."""
    await call.refuse_strangers(body.number)
    number = await call.ask(call.catalog.numbers.add, trunk_id, body.to_number(), number_id=makes_id)
    call.ring_provision(trunk_id)
    return show_created(number, body.mismatch)


@router.get("", responses=_answers(404, 422))
async def list_dids(
    trunk_id: TrunkId,
    call: Calling,
    limit: Annotated[int, Query(ge=1, le=_PAGE, description="How many at most (ours).")] = _PAGE,
    cursor: Cursor = None,
) -> NumberList:
    """List a trunk's DIDs, newest first."""
    page, next_cursor = await page_of(call, call.catalog.numbers.page, trunk_id, limit=limit, cursor=cursor)
    return NumberList(data=[show_listed(number) for number in page], next_cursor=next_cursor)


@router.patch("/{did_id}", responses=_answers(400, 404, 413, 415, 422))
async def assign_did(trunk_id: TrunkId, did_id: NumberId, body: AssignNumber, call: Calling) -> NumberChanged:
    """Note what uses a DID, such as an agent; one in use cannot be removed (ours)."""
    number = await call.ask(call.catalog.numbers.assign, trunk_id, did_id, body.assigned_to)
    return NumberChanged(data=show_listed(number))


@router.delete("/{did_id}", responses=_answers(404, 409))
async def delete_did(trunk_id: TrunkId, did_id: NumberId, call: Calling) -> NumberRemoved:
    """Remove a DID from a trunk."""
    await call.ask(call.catalog.numbers.remove, trunk_id, did_id)
    call.ring_provision(trunk_id)
    return NumberRemoved()
