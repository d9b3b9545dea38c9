"""Test calls over a trunk: made once, followed until they are over."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import Response

from api.call import current_request_id
from api.console.new_trunk_form import faults_by_field
from api.console.page import page, see_other
from api.console.visit import TRUNKS, Submitted, Visit, Visiting
from api.language.made_texts import said
from api.parameters import TrunkId
from api.talkover.calls.call_answers import show_listed
from api.talkover.calls.call_bodies import PlaceCall
from trunks.errors import CallerNotYours, CallInProgress, CallLimitReached, CallsNotAllowed, NumberNotAllowed
from trunks.models.verification import VerificationStatus

_SHOWN = 10
# What whoever is at the form can do something about, or wait for.
_TOLD = (CallerNotYours, CallInProgress, CallLimitReached, CallsNotAllowed, NumberNotAllowed)

router = APIRouter(prefix="/trunks/{trunk_id}/calls")


@router.get("")
async def show_calls(trunk_id: TrunkId, visit: Visiting) -> Response:
    """Show the calls of late, and the form for another. Raises TrunkNotFound."""
    return await _show(visit, trunk_id, {}, {})


@router.post("")
async def place_call(trunk_id: TrunkId, form: Submitted) -> Response:
    """Make one call, which rings; said beside the form where it may not be made. Raises TrunkNotFound."""
    call, sent = form.call, {name: form.fields.get(name, "") for name in ("to", "from")}
    try:
        body = PlaceCall.model_validate({name: value for name, value in sent.items() if value})
        view = await call.view(trunk_id)
        calls = call.context.installation.runs.calls
        await call.ask(calls.ask, trunk_id, body.to_wish(view.profile), request_id=current_request_id())
    except ValidationError as error:
        return await _show(form.visit, trunk_id, sent, faults_by_field(error))
    except _TOLD as refusal:
        field = "from" if isinstance(refusal, CallerNotYours) else "to"
        return await _show(form.visit, trunk_id, sent, {field: said(str(refusal))})
    return see_other(f"{TRUNKS}/{trunk_id}/calls")


async def _show(visit: Visit, trunk_id: UUID, sent: dict[str, str], faults: dict[str, str]) -> Response:
    call = visit.call
    view = await call.view(trunk_id)
    calls = call.context.installation.runs.calls
    made = await call.ask(calls.page, trunk_id, limit=_SHOWN)
    return page(
        "calls.html",
        visit,
        view=view,
        calls=[show_listed(each) for each in made],
        is_open=any(each.status is not VerificationStatus.DONE for each in made),
        may_call=visit.may_write and await call.ask(calls.allowed),
        sent=sent,
        said=faults,
    )
