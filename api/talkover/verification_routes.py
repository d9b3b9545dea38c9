"""talkover's verifications (docs/design/dialects.md)."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse

from api.context import Context
from api.parameters import Calling, TrunkId, Using, current_request_id
from api.problems import Problem
from api.talkover.faults import fault_answers
from api.talkover.parameters import (
    DEFAULT_PAGE,
    Cursor,
    Limit,
    VerificationId,
    before,
    cut,
)
from api.talkover.trunk_bodies import CreateTrunk
from api.talkover.verification_answers import (
    DryRunAnswer,
    RunFound,
    RunList,
    RunWaiting,
    VerifyAnswer,
    VerifyLater,
    show_dry_run,
    show_run,
    show_verified,
)
from api.waiter import WaitEnd
from trunks.models.trunk import Trunk
from trunks.models.verification import Verification
from trunks.tenancy.tenants import Caller

router = APIRouter(prefix="/sip-trunks")


@router.post(
    "/verify",
    response_model=DryRunAnswer,
    response_model_exclude_unset=True,
    responses=fault_answers(400, 403, 413, 415, 422, 503),
)
async def verify_before_creating(body: CreateTrunk, caller: Calling, context: Using) -> DryRunAnswer:
    """Test a trunk that is not entered yet: the body is that of creation, and nothing is stored (ours)."""
    dry_runs = context.installation.catalog.dry_runs
    run = await context.threads.run(dry_runs.begin, caller, body.to_trunk(), request_id=current_request_id())
    try:
        context.doorbell.ring(run.verification_id, on_demand=True)
        if not await _waited(context, run.verification_id):
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "VERIFICATION_UNFINISHED",
                "The test did not end in time, and was given up; try again.",
                headers={"Retry-After": "5"},
            )
        return show_dry_run(*await context.threads.run(dry_runs.result, run))
    finally:
        await context.threads.run(dry_runs.discard, run)


@router.post(
    "/{trunk_id}/verify",
    response_model=VerifyAnswer,
    response_model_exclude_unset=True,
    responses={202: {"model": VerifyLater, "description": "It goes on (ours)."}, **fault_answers(404, 422)},
)
async def verify_sip_trunk(
    trunk_id: TrunkId,
    caller: Calling,
    context: Using,
    asynchronous: Annotated[
        bool, Query(alias="async", description="Answer 202 at once, without waiting (ours).")
    ] = False,
) -> Any:
    """Test the trunk and wait for the result, which decides whether it is verified.

    It answers 200 for a good and for a bad result; `success` and `error` tell them apart (ours).
    """
    run = await context.threads.run(
        context.installation.runs.requests.ask,
        caller,
        trunk_id,
        request_id=current_request_id(),
        on_demand=not asynchronous,
    )
    context.doorbell.ring(run.id, on_demand=not asynchronous)
    if asynchronous:
        return _later(run)
    if not await _waited(context, run.id):
        requests = context.installation.runs.requests
        return _later(await context.threads.run(requests.get, caller, trunk_id, run.id))
    return show_verified(*await context.threads.run(_after, context, caller, trunk_id, run.id))


async def _waited(context: Context, verification_id: UUID) -> bool:
    settings = context.installation.settings
    end = await context.waiter.wait(
        verification_id, context.verifications, timeout_seconds=settings.verify_wait_seconds
    )
    return end is WaitEnd.DONE


def _after(
    context: Context, caller: Caller, trunk_id: UUID, verification_id: UUID
) -> tuple[Trunk, Verification]:
    installation = context.installation
    verification = installation.runs.requests.get(caller, trunk_id, verification_id)
    return installation.catalog.trunks.get(caller, trunk_id), verification


def _later(run: Verification) -> JSONResponse:
    answer = VerifyLater(data=RunWaiting(verification_id=run.id, status=run.status))
    return JSONResponse(answer.model_dump(mode="json"), status_code=HTTPStatus.ACCEPTED)


@router.get("/{trunk_id}/verifications", responses=fault_answers(404, 422))
async def list_verifications(
    trunk_id: TrunkId, caller: Calling, context: Using, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> RunList:
    """List a trunk's verifications, newest first (ours)."""
    found = await context.threads.run(
        context.installation.runs.requests.page, caller, trunk_id, limit=limit + 1, before=before(cursor)
    )
    page, next_cursor = cut(found, limit)
    return RunList(data=[show_run(each) for each in page], next_cursor=next_cursor)


@router.get("/{trunk_id}/verifications/{verification_id}", responses=fault_answers(404))
async def get_verification(
    trunk_id: TrunkId, verification_id: VerificationId, caller: Calling, context: Using
) -> RunFound:
    """Show one verification, with its report once it is done (ours)."""
    found = await context.threads.run(
        context.installation.runs.requests.get, caller, trunk_id, verification_id
    )
    return RunFound(data=show_run(found))
