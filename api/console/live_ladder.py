"""The ladder of a run that is under way, as far as it is known."""

from collections.abc import Sequence
from datetime import UTC

from api.call import Call
from api.shared_page.page import Leg, Rung, rung_line
from trunks.errors import StoreUnavailable
from trunks.models.verification import Verification, VerificationStatus
from trunks.runs.live_ladders import LiveStep


async def ladder_of(call: Call, run: Verification) -> Sequence[LiveStep]:
    """Give what a run has sent and received as far as it is known, which may be nothing."""
    if run.status is not VerificationStatus.RUNNING:
        return ()
    try:
        return await call.ask(call.context.installation.runs.ladders.of, run.id)
    except StoreUnavailable:
        return ()


def legs_of(steps: Sequence[LiveStep]) -> list[Leg]:
    """Put steps together by gateway, as they came."""
    gateways = list(dict.fromkeys(step.gateway for step in steps))
    return [Leg(gateway, [_rung(step) for step in steps if step.gateway == gateway]) for gateway in gateways]


def _rung(step: LiveStep) -> Rung:
    at = step.at.astimezone(UTC).strftime("%H:%M:%S.%f")[:-3]
    return Rung(at, step.direction, rung_line(step.line, proves=step.proves), None)
