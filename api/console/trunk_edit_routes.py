"""A trunk is changed, and deleted, by the services of the API; who deletes is asked first."""

from collections.abc import Mapping
from functools import partial
from uuid import UUID

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from starlette.responses import Response

from api.console.new_trunk_form import FormState, faults_by_field
from api.console.new_trunk_routes import PROOFS, TRANSPORTS
from api.console.page import page, see_other
from api.console.trunk_edit_form import before, read_edit, state_as_sent, state_of_trunk
from api.console.visit import TRUNKS, Submission, Submitted, Visit, Visiting
from api.language.made_texts import said
from api.parameters import TrunkId
from api.problems import read_only_token
from api.talkover.trunks.trunk_bodies import UpdateTrunk
from api.talkover.trunks.trunk_edits import OF_ONE_TRUNK, to_edit
from trunks.catalog.views import TrunkView
from trunks.rules.whole_trunk import Rule, TrunkContradictory

# The field by which each may be mended here.
_FIELDS = {
    Rule.USERNAME: "username",
    Rule.PASSWORD: "password",
    Rule.ALLOW_LIST: "username",
    Rule.GATEWAYS: "domain",
    Rule.EGRESS: "outbound_proxy",
}

router = APIRouter(prefix="/trunks/{trunk_id}")


@router.get("/edit")
async def show_edit(trunk_id: TrunkId, visit: Visiting) -> Response:
    """Show the form. Raises TrunkNotFound, Problem."""
    _require_writer(visit)
    view = await visit.call.view(trunk_id)
    return _form(visit, view, state_of_trunk(view))


@router.post("/edit")
async def edit_trunk(trunk_id: TrunkId, form: Submitted) -> Response:
    """Change what was changed in the form, and verify where that leads elsewhere. Raises TrunkNotFound, Refused."""
    body = read_edit(form.fields)
    faults = await _apply(trunk_id, form, body) if isinstance(body, UpdateTrunk) else body
    if not faults:
        return see_other(f"{TRUNKS}/{trunk_id}")
    view = await form.call.view(trunk_id)
    return _form(form.visit, view, state_as_sent(form.fields, faults), form.fields)


@router.get("/delete")
async def ask_delete(trunk_id: TrunkId, visit: Visiting) -> Response:
    """Ask whether it is meant. Raises TrunkNotFound, Problem."""
    _require_writer(visit)
    return page("delete_trunk.html", visit, view=await visit.call.view(trunk_id))


@router.post("/delete")
async def delete_trunk(trunk_id: TrunkId, form: Submitted) -> Response:
    """Delete it, with its history. Raises TrunkNotFound, TrunkHasNumbers, NumberInUse."""
    await form.call.ask(form.call.catalog.trunks.remove, trunk_id)
    form.call.ring_provision(trunk_id)
    return see_other(TRUNKS)


async def _apply(trunk_id: UUID, form: Submission, body: UpdateTrunk) -> Mapping[str, str]:
    """Change the trunk; give what is wrong with the whole, by field."""
    call = form.call
    alone = bool(OF_ONE_TRUNK & body.model_fields_set)
    try:
        edited = await call.ask(call.catalog.updates.apply, trunk_id, partial(to_edit, body), alone=alone)
    except TrunkContradictory as fault:
        return {_FIELDS.get(each.rule, "transport"): said(each.sentence) for each in fault.broken}
    except RequestValidationError as fault:
        return faults_by_field(fault)
    if edited.provisioning:
        call.ring_provision(trunk_id)
    if edited.moved:
        await call.verify(trunk_id, on_demand=True)
    return {}


def _require_writer(visit: Visit) -> None:
    if not visit.may_write:
        raise read_only_token()


def _form(visit: Visit, view: TrunkView, state: FormState, sent: Mapping[str, str] | None = None) -> Response:
    return page(
        "edit_trunk.html",
        visit,
        view=view,
        state=state,
        was=before(sent or {}, state),
        transports=TRANSPORTS,
        proofs=PROOFS,
    )
