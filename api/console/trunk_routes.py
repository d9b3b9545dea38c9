"""The page of a trunk, and what can be done there."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from api.call import Call
from api.console.page import HEADERS, page, see_other
from api.console.progress import progress_of
from api.console.trunk_page import gather_trunk
from api.console.visit import TRUNKS, Submitted, Visit, Visiting
from api.parameters import TrunkId
from api.talkover.parameters import VerificationId
from api.talkover.verifications.evidence_routes import pcapng
from sipcheck.report.capture import capture
from trunks.catalog.trunk_edit import TrunkEdit
from trunks.runs.evidence import evidence_of
from trunks.runs.sharing import DEFAULT_DAYS, Sharing

router = APIRouter(prefix="/trunks/{trunk_id}")


@router.get("")
async def show_trunk(trunk_id: TrunkId, visit: Visiting) -> Response:
    """Show a trunk."""
    return await _show(visit, trunk_id)


@router.post("/verify")
async def verify_now(trunk_id: TrunkId, form: Submitted) -> Response:
    """Queue a run, which the page then follows."""
    await form.call.verify(trunk_id, on_demand=True)
    return see_other(f"{TRUNKS}/{trunk_id}")


@router.post("/switch")
async def switch_trunk(trunk_id: TrunkId, form: Submitted) -> Response:
    """Let calls use the trunk, or no longer. Raises TrunkNotVerified."""
    call, wanted = form.call, form.fields.get("wanted") == "yes"
    edited = await call.ask(call.catalog.updates.apply, trunk_id, lambda view: TrunkEdit(wanted=wanted))
    if edited.provisioning:
        call.ring_provision(trunk_id)
    return see_other(f"{TRUNKS}/{trunk_id}")


@router.get("/runs/{verification_id}/progress")
async def follow_run(trunk_id: TrunkId, verification_id: VerificationId, visit: Visiting) -> Response:
    """Tell how a run goes, as server-sent events."""
    await visit.call.ask(visit.call.runs.get, trunk_id, verification_id)
    return StreamingResponse(
        progress_of(visit, trunk_id, verification_id),
        media_type="text/event-stream",
        headers={**HEADERS, "X-Accel-Buffering": "no"},
    )


@router.get("/runs/{verification_id}/evidence.pcapng")
async def give_evidence(trunk_id: TrunkId, verification_id: VerificationId, visit: Visiting) -> Response:
    """Give what a run sent and received as a file."""
    run = await visit.call.ask(visit.call.runs.get, trunk_id, verification_id)
    answer = pcapng(b"".join(capture(evidence_of(run))), verification_id)
    answer.headers.update(HEADERS)
    return answer


@router.post("/runs/{verification_id}/share")
async def share_run(trunk_id: TrunkId, verification_id: VerificationId, form: Submitted) -> Response:
    """Make a link to a run, which is shown this once."""
    made = await form.call.ask(_sharing(form.call).share, trunk_id, verification_id, days=DEFAULT_DAYS)
    return await _show(form.visit, trunk_id, shared_url=made.url)


@router.post("/runs/{verification_id}/links/{link_id}/take-back")
async def take_link_back(
    trunk_id: TrunkId, verification_id: VerificationId, link_id: UUID, form: Submitted
) -> Response:
    """Let a link open nothing from now on."""
    await form.call.ask(_sharing(form.call).take_back, trunk_id, verification_id, link_id)
    return see_other(f"{TRUNKS}/{trunk_id}#run")


async def _show(visit: Visit, trunk_id: UUID, shared_url: str | None = None) -> Response:
    return page(
        "trunk.html",
        visit,
        trunk=await gather_trunk(visit.call, trunk_id),
        shared_url=shared_url,
        can_share=visit.call.settings.public_url is not None,
        now=visit.call.context.installation.clock(),
    )


def _sharing(call: Call) -> Sharing:
    return call.context.installation.runs.sharing
