"""talkover's trunks: the native dialect (DIALECTS.md)."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Security
from fastapi.security import HTTPBearer
from starlette.responses import JSONResponse

from api.authentication import current_caller
from api.context import Context, context_of
from api.problems import Problem
from api.talkover.bodies import CreateTrunk
from api.talkover.faults import fault_answers
from api.talkover.trunk_answers import TrunkCreated, TrunkFound, show_created, show_found
from api.talkover.verification_answers import (
    RunFound,
    RunList,
    RunWaiting,
    VerifyAnswer,
    VerifyLater,
    show_run,
    show_verified,
)
from trunks.errors import TrunkNotFound, VerificationNotFound
from trunks.ids import read_id
from trunks.models.trunk import Trunk
from trunks.models.verification import Verification
from trunks.services.tenants import Caller

PREFIX = "/api/v1"
MAX_PAGE = 100

_bearer = HTTPBearer(auto_error=False, description="A token of your environment.")
router = APIRouter(
    prefix=f"{PREFIX}/sip-trunks",
    tags=["talkover"],
    dependencies=[Security(_bearer)],
    responses=fault_answers(401, 500, 503),
)

Calling = Annotated[Caller, Depends(current_caller)]
Using = Annotated[Context, Depends(context_of)]


def _trunk_id(trunk_id: str) -> UUID:
    """Read the id in the path; one that is malformed names no trunk."""
    found = read_id(trunk_id)
    if found is None:
        raise TrunkNotFound
    return found


def _verification_id(verification_id: str) -> UUID:
    found = read_id(verification_id)
    if found is None:
        raise VerificationNotFound
    return found


TrunkId = Annotated[UUID, Depends(_trunk_id)]
VerificationId = Annotated[UUID, Depends(_verification_id)]


@router.post("", status_code=HTTPStatus.CREATED, responses=fault_answers(400, 403, 413, 422))
async def create_sip_trunk(body: CreateTrunk, caller: Calling, context: Using) -> TrunkCreated:
    """Register a custom SIP trunk for your environment. It has to be verified before it can be used."""
    trunk = await context.threads.run(context.installation.trunks.create, caller, body.to_trunk())
    return show_created(trunk)


@router.get("/{trunk_id}", responses=fault_answers(404))
async def get_sip_trunk(trunk_id: TrunkId, caller: Calling, context: Using) -> TrunkFound:
    """Show a trunk with its state and its last verification."""
    return show_found(await context.threads.run(context.installation.trunks.get, caller, trunk_id))


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
    runs, settings = context.installation.runs, context.installation.settings
    verification_id = await context.threads.run(runs.request, caller, trunk_id)
    context.doorbell.ring(verification_id)
    if asynchronous or not await context.waiter.wait(
        verification_id, timeout_seconds=settings.verify_wait_seconds
    ):
        return await _later(context, caller, trunk_id, verification_id)
    return show_verified(*await context.threads.run(_after, context, caller, trunk_id, verification_id))


def _after(
    context: Context, caller: Caller, trunk_id: UUID, verification_id: UUID
) -> tuple[Trunk, Verification]:
    installation = context.installation
    verification = installation.runs.get(caller, trunk_id, verification_id)
    return installation.trunks.get(caller, trunk_id).trunk, verification


async def _later(context: Context, caller: Caller, trunk_id: UUID, verification_id: UUID) -> JSONResponse:
    found = await context.threads.run(context.installation.runs.get, caller, trunk_id, verification_id)
    answer = VerifyLater(data=RunWaiting(verification_id=found.id, status=found.status))
    return JSONResponse(answer.model_dump(mode="json"), status_code=HTTPStatus.ACCEPTED)


@router.get("/{trunk_id}/verifications", responses=fault_answers(404, 422))
async def list_verifications(
    trunk_id: TrunkId,
    caller: Calling,
    context: Using,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
) -> RunList:
    """List a trunk's verifications, newest first (ours)."""
    before = None if cursor is None else _cursor(cursor)
    # One more than is shown tells whether there is another page.
    found = await context.threads.run(
        context.installation.runs.page, caller, trunk_id, limit=limit + 1, before=before
    )
    shown = found[:limit]
    return RunList(
        data=[show_run(each) for each in shown],
        next_cursor=str(shown[-1].id) if len(found) > limit else None,
    )


def _cursor(text: str) -> UUID:
    found = read_id(text)
    if found is None:
        fault = {"cursor": ["It is no next_cursor of this list."]}
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "VALIDATION_ERROR", "The given data was invalid.", errors=fault
        )
    return found


@router.get("/{trunk_id}/verifications/{verification_id}", responses=fault_answers(404))
async def get_verification(
    trunk_id: TrunkId, verification_id: VerificationId, caller: Calling, context: Using
) -> RunFound:
    """Show one verification, with its report once it is done (ours)."""
    found = await context.threads.run(context.installation.runs.get, caller, trunk_id, verification_id)
    return RunFound(data=show_run(found))
