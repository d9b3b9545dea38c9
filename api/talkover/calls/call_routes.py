"""talkover's test calls (ours; docs/calls.md)."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from api.call import Calling, current_request_id
from api.dialects import TALKOVER
from api.parameters import MakesId, TrunkId, id_in_path
from api.talkover.calls.call_answers import (
    CallFound,
    CallLater,
    CallList,
    answer_later,
    show_call,
    show_listed,
)
from api.talkover.calls.call_bodies import PlaceCall
from api.talkover.parameters import DEFAULT_PAGE, Cursor, Limit, page_of
from api.waiter import WaitEnd
from trunks.errors import CallNotFound
from trunks.models.verification import VerificationStatus

_answers = TALKOVER.fault_answers

# Beyond the ringing and the talking: to be claimed, to be resolved, to be ended.
_MARGIN_SECONDS = 20.0


async def _call_id(call_id: str) -> UUID:
    return id_in_path(call_id, CallNotFound)


CallId = Annotated[UUID, Depends(_call_id)]

router = APIRouter(prefix="/sip-trunks")


@router.post(
    "/{trunk_id}/test-call",
    response_model=CallFound,
    responses={
        202: {"model": CallLater, "description": "The call is made (ours)."},
        **_answers(400, 403, 404, 409, 413, 415, 422),
    },
)
async def place_test_call(
    trunk_id: TrunkId,
    body: PlaceCall,
    call: Calling,
    makes_id: MakesId,
    wait: Annotated[
        bool, Query(description="Answer 200 with the report, once the call is over (ours).")
    ] = False,
) -> Any:
    """Make one call over the trunk, which rings, and say what became of it (ours).

    Your environment has to be allowed to; ten in 15 minutes, one at a time over a trunk, three an hour and ten a day to
    one number: 429 with Retry-After. A test call changes nothing of the trunk but what `apply` asks for.
    """
    view = await call.view(trunk_id)
    calls = call.context.installation.runs.calls
    wish = body.to_wish(view.profile)
    placed = await call.ask(calls.ask, trunk_id, wish, call_id=makes_id, request_id=current_request_id())
    if not wait:
        return answer_later(placed)
    seconds = wish.ring_seconds + wish.talk_seconds + _MARGIN_SECONDS
    waiter, awaited = call.context.waiter, call.context.test_calls
    end = await waiter.wait(placed.id, awaited, timeout_seconds=seconds)
    found = await call.ask(calls.get, trunk_id, placed.id)
    is_done = end is WaitEnd.DONE and found.status is VerificationStatus.DONE
    return show_call(found) if is_done else answer_later(found)


@router.get("/{trunk_id}/test-calls", responses=_answers(404, 422))
async def list_test_calls(
    trunk_id: TrunkId, call: Calling, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> CallList:
    """List a trunk's test calls, newest first; each is shown with its report by itself (ours)."""
    calls = call.context.installation.runs.calls
    page, next_cursor = await page_of(call, calls.page, trunk_id, limit=limit, cursor=cursor)
    return CallList(data=[show_listed(each) for each in page], next_cursor=next_cursor)


@router.get("/{trunk_id}/test-calls/{call_id}", responses=_answers(404))
async def get_test_call(trunk_id: TrunkId, call_id: CallId, call: Calling) -> CallFound:
    """Show one test call, with its report once it is over (ours)."""
    return show_call(await call.ask(call.context.installation.runs.calls.get, trunk_id, call_id))
