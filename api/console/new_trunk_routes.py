"""A new trunk: a carrier first, then its fields, a test, and only then it is saved."""

from http import HTTPStatus

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.call import current_request_id
from api.console.checklist import steps_of
from api.console.new_trunk_form import (
    FIELDS,
    FormState,
    begin_again,
    begin_form,
    id_of_form,
    read_new_trunk,
    said_of,
)
from api.console.page import page, see_other
from api.console.visit import TRUNKS, Submission, Submitted, Visit, Visiting
from api.language.catalogs import marked
from api.problems import Problem
from api.shared_page.page import Page, page_of_reports
from sipcheck.diagnosis.evidence import Proof
from sipcheck.report.model import Report
from sipcheck.target import TransportName
from trunks.catalog.carrier_presets import CarrierPreset, carrier_presets
from trunks.catalog.new_trunk import NewTrunk
from trunks.models.trunk import Trunk
from trunks.runs.evidence import evidence_of
from trunks.secrets.secret_box import SecretBox

router = APIRouter(prefix="/trunks/new")

_NO_ANSWER = marked("The test did not end in time, and was given up; try again.")
_SAVED_BEFORE = marked(
    "This form was saved before, and the trunk of that time stands as it was. What the form says now is another trunk, "
    "which is not saved yet: enter its password again, test it, and save it."
)
TRANSPORTS = [
    (each.value, each.upper()) for each in (TransportName.TLS, TransportName.TCP, TransportName.UDP)
]
_PROOF_WORDS = {
    Proof.AUTO: marked("as the carrier asks for it"),
    Proof.REGISTER: marked("by a registration that changes none"),
    Proof.OPTIONS: marked("by a question (OPTIONS)"),
    Proof.INVITE: marked("by a call that rings nowhere"),
    Proof.NONE: marked("not at all: calls are allowed by address"),
}
PROOFS = [(each.value, words) for each, words in _PROOF_WORDS.items()]


@router.get("")
async def choose_carrier(visit: Visiting) -> Response:
    """Ask for the carrier."""
    return page("presets.html", visit, presets=carrier_presets())


@router.get("/{preset_id}")
async def show_form(preset_id: str, visit: Visiting) -> Response:
    """Show the form of a carrier."""
    preset = _preset(preset_id)
    return _form(visit, preset, begin_form(preset, visit))


@router.post("/{preset_id}/test")
async def try_trunk(preset_id: str, form: Submitted) -> Response:
    """Test what is described, which is not stored. Raises CustomTrunksNotAllowed."""
    preset = _preset(preset_id)
    read = read_new_trunk(form.fields, form.visit)
    if read.new is None:
        return _form(form.visit, preset, read.state)
    result = await _dry_run(form, read.new)
    if result is None:
        return _form(form.visit, preset, read.state, fault=_NO_ANSWER)
    found, said, report = result
    state = FormState(read.state.values, said, read.state.form_id)
    return _form(form.visit, preset, state, result=found, report=report)


@router.post("/{preset_id}/save")
async def save_trunk(preset_id: str, form: Submitted) -> Response:
    """Enter the trunk, and verify it. Raises CustomTrunksNotAllowed, Problem."""
    preset = _preset(preset_id)
    read = read_new_trunk(form.fields, form.visit)
    trunk_id = id_of_form(form.fields, form.visit)
    if trunk_id is None:
        raise Problem(HTTPStatus.BAD_REQUEST, "INVALID_FORM", "The form is not whole; load the page again.")
    if read.new is None:
        return _form(form.visit, preset, read.state)
    call = form.call
    trunk = await call.ask(call.catalog.trunks.create, read.new, trunk_id=trunk_id)
    if not _is_what_was_sent(trunk, read.new, call.context.installation.secrets):
        return _form(form.visit, preset, begin_again(read.state, form.visit), fault=_SAVED_BEFORE)
    await call.verify(trunk.id, on_demand=True)
    return see_other(f"{TRUNKS}/{trunk.id}")


def _is_what_was_sent(trunk: Trunk, new: NewTrunk, secrets: SecretBox) -> bool:
    """Whether a trunk is what a form says: one that was sent before is the first one's, whatever it says by now."""
    sealed = trunk.sealed_password
    password = None if sealed is None else secrets.open(sealed, trunk.id)
    gateways = [(each.host, each.port, each.transport) for each in trunk.gateways]
    sent = [(each.host, each.port, each.transport) for each in new.gateways]
    of_trunk = trunk.name, trunk.username, password, trunk.auth_realm, trunk.proof
    return gateways == sent and of_trunk == (new.name, new.username, new.password, new.auth_realm, new.proof)


async def _dry_run(form: Submission, new: NewTrunk) -> tuple[Page, dict[str, str], Report] | None:
    """Give what a test came to, and what is said beside the fields; None where it did not end."""
    call = form.call
    dry_runs, threads = call.catalog.dry_runs, call.context.threads
    run = await call.ask(dry_runs.begin, new, request_id=current_request_id())
    try:
        call.context.doorbell.ring(run.verification_id, on_demand=True)
        if not await call.is_done(run.verification_id):
            return None
        _, verification = await threads.run(dry_runs.result, run)
    finally:
        await threads.run(dry_runs.discard, run)
    reports = evidence_of(verification)
    first = reports[0]
    found = page_of_reports(reports, capture_url="")
    if verification.counted:
        return found, {}, first
    return found, dict(said_of(first.reason, found.advice, found.summary)), first


def _preset(preset_id: str) -> CarrierPreset:
    found = next((each for each in carrier_presets() if each.id == preset_id), None)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return found


def _form(
    visit: Visit,
    preset: CarrierPreset,
    state: FormState,
    *,
    result: Page | None = None,
    report: Report | None = None,
    fault: str | None = None,
) -> Response:
    return page(
        "new_trunk.html",
        visit,
        preset=preset,
        steps=steps_of(preset, report),
        state=state,
        result=result,
        fault=fault,
        fields=FIELDS,
        transports=TRANSPORTS,
        proofs=PROOFS,
    )
