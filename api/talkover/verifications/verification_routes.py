"""talkover's verifications (docs/design/dialects.md)."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.call import Calling, current_request_id
from api.dialects import TALKOVER
from api.parameters import TrunkId
from api.problems import Problem
from api.talkover.parameters import DEFAULT_PAGE, Cursor, Limit, VerificationId, page_of
from api.talkover.trunks.trunk_bodies import CreateTrunk
from api.talkover.verifications.verification_answers import (
    DryRunAnswer,
    RunFound,
    RunList,
    VerifyAnswer,
    VerifyLater,
    answer_later,
    show_dry_run,
    show_listed,
    show_overtaken,
    show_run,
    show_verified,
)

_answers = TALKOVER.fault_answers

router = APIRouter(prefix="/sip-trunks")


@router.post(
    "/verify",
    response_model=DryRunAnswer,
    response_model_exclude_unset=True,
    responses=_answers(400, 403, 413, 415, 422, 503),
)
async def verify_before_creating(body: CreateTrunk, call: Calling) -> DryRunAnswer:
    """Test a trunk that is not entered yet: the body is that of creation, and nothing is stored (ours)."""
    dry_runs, threads = call.catalog.dry_runs, call.context.threads
    run = await call.ask(dry_runs.begin, body.to_trunk(), request_id=current_request_id())
    try:
        call.context.doorbell.ring(run.verification_id, on_demand=True)
        if not await call.is_done(run.verification_id):
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "VERIFICATION_UNFINISHED",
                "The test did not end in time, and was given up; try again.",
                headers={"Retry-After": "5"},
            )
        return show_dry_run(*await threads.run(dry_runs.result, run))
    finally:
        await threads.run(dry_runs.discard, run)


@router.post(
    "/{trunk_id}/verify",
    response_model=VerifyAnswer,
    response_model_exclude_unset=True,
    responses={202: {"model": VerifyLater, "description": "It goes on (ours)."}, **_answers(404, 422)},
)
async def verify_sip_trunk(
    trunk_id: TrunkId,
    call: Calling,
    asynchronous: Annotated[
        bool, Query(alias="async", description="Answer 202 at once, without waiting (ours).")
    ] = False,
) -> Any:
    """Test the trunk and wait for the result, which decides whether it is verified.

    It answers 200 for a good and for a bad result; `success` and `error` tell them apart (ours).
    """
    run = await call.verify(trunk_id, on_demand=not asynchronous)
    if not asynchronous:
        is_done = await call.is_done(run.id)
        # As of one moment: it is of the trunk as it is now, or of what it was.
        trunk, run = await call.ask(call.runs.get_with_trunk, trunk_id, run.id)
        if is_done and run.overtaken_by(trunk.generation):
            return show_overtaken(trunk, run)
        if is_done and run.has_told:
            return show_verified(trunk, run)
    return answer_later(run)


@router.get("/{trunk_id}/verifications", responses=_answers(404, 422))
async def list_verifications(
    trunk_id: TrunkId, call: Calling, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> RunList:
    """List a trunk's verifications, newest first; each is shown with its report by itself (ours)."""
    page, next_cursor = await page_of(call, call.runs.page, trunk_id, limit=limit, cursor=cursor)
    return RunList(data=[show_listed(each) for each in page], next_cursor=next_cursor)


@router.get("/{trunk_id}/verifications/{verification_id}", responses=_answers(404))
async def get_verification(trunk_id: TrunkId, verification_id: VerificationId, call: Calling) -> RunFound:
    """Show one verification, with its report once it is done (ours)."""
    run = await call.ask(call.runs.get, trunk_id, verification_id)
    return RunFound(data=show_run(run))
