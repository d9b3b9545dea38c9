"""Test calls as talkover shows them (ours)."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from api.language.catalogs import translated
from api.language.reports import said_report, said_verdict
from api.timestamps import Timestamp
from sipcheck.reasons import CallVerdict
from trunks.models.placed_call import PlacedCall
from trunks.models.verification import VerificationStatus


class CallWaiting(BaseModel):
    call_id: UUID
    status: VerificationStatus


class CallLater(BaseModel):
    """The call goes on; poll it at …/test-calls/{id} (ours)."""

    success: bool = True
    data: CallWaiting


class CallListed(BaseModel):
    """A call without its report, which is shown with the call by itself."""

    id: UUID
    status: VerificationStatus
    to: str
    requested_at: Timestamp
    finished_at: Timestamp | None
    outcome: CallVerdict | None
    reason: str | None
    summary: str | None


class CallShown(CallListed):
    report: dict[str, Any] | None = Field(
        description="The report, secrets and digest responses redacted; null until it is done, and where the call was "
        "broken off on our side."
    )


class CallFound(BaseModel):
    success: bool = True
    data: CallShown


class CallList(BaseModel):
    success: bool = True
    data: list[CallListed]
    next_cursor: str | None


def answer_later(call: PlacedCall) -> JSONResponse:
    """Answer that a call goes on."""
    later = CallLater(data=CallWaiting(call_id=call.id, status=call.status))
    return JSONResponse(later.model_dump(mode="json"), status_code=HTTPStatus.ACCEPTED)


def show_listed(call: PlacedCall) -> CallListed:
    return CallListed(**_fields(call))


def show_call(call: PlacedCall) -> CallFound:
    report = None if call.report is None else said_report(call.report)
    return CallFound(data=CallShown(**_fields(call), report=report))


def _fields(call: PlacedCall) -> dict[str, Any]:
    return {
        "id": call.id,
        "status": call.status,
        "to": call.called,
        "requested_at": call.requested_at,
        "finished_at": call.finished_at,
        "outcome": call.outcome,
        "reason": call.reason,
        "summary": _summary(call),
    }


def _summary(call: PlacedCall) -> str | None:
    if call.summary is None or call.sentences is None:
        # A call that was broken off is said of in the service's own words.
        return None if call.summary is None else translated(call.summary)
    return said_verdict(call.sentences, call.summary, None).summary
