"""Calls that come in (ours; docs/inbound.md)."""

from http import HTTPStatus

import structlog
from fastapi import APIRouter

from api.call import Call, Calling
from api.dialects import TALKOVER
from api.problems import Problem
from api.talkover.calls.inbound_answers import InboundExplained, show_explained
from api.talkover.calls.inbound_bodies import ExplainCall
from sipcheck.diagnosis.inbound.standing import Standing
from trunks.catalog.inbound_calls import CalledTrunks
from trunks.voice.provisioner import ProvisioningFailed

# Each reads what stands on the voice infrastructure.
EXPLAINED_PER_MINUTE = 30

_log = structlog.get_logger(__name__)

_answers = TALKOVER.fault_answers

router = APIRouter(prefix="/inbound")


@router.post("/explain", responses=_answers(400, 404, 413, 415, 422))
async def explain_inbound_call(body: ExplainCall, call: Calling) -> InboundExplained:
    """Say which of your trunks takes a call, or why each does not (ours).

    The call has to be to a number of yours, in whatever form it was written: 404 otherwise. Your environment may ask
    30 times a minute.
    """
    await _count(call)
    called = await call.ask(call.catalog.inbound_calls.called, body.to_call())
    return show_explained(called.explain(await _standing(call, called)))


async def _count(call: Call) -> None:
    key = f"explain:{call.caller.environment_id}"
    allowance = await call.context.rate_limits.count(key, EXPLAINED_PER_MINUTE)
    if not allowance.granted:
        seconds = allowance.retry_after_seconds
        raise Problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            "RATE_LIMITED",
            f"Your environment has asked about {EXPLAINED_PER_MINUTE} calls in this minute; try again in {seconds} s.",
            headers={"Retry-After": str(seconds)},
        )


async def _standing(call: Call, called: CalledTrunks) -> Standing:
    """Read what stands; nothing does where nothing provisions. Raises Problem."""
    try:
        return await call.context.installation.voice.standing(ids=called.side_ids, called=called.call.called)
    except ProvisioningFailed as failure:
        _log.warning("explain-failed", cause=failure.cause.value, error=str(failure))
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "INFRASTRUCTURE_UNAVAILABLE",
            "The voice infrastructure of this platform cannot be asked at this moment; try again in a few seconds.",
            headers={"Retry-After": "5"},
        ) from failure
