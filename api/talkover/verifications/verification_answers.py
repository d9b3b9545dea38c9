"""Runs as talkover shows them."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from api.language.catalogs import translated
from api.language.reports import StoredSentence, said_report, said_verdict
from api.our_state import CHANGED_MEANWHILE, VERIFY_AGAIN
from api.timestamps import Timestamp, write_end_of_wait
from sipcheck.reasons import CredentialState, Outcome, Reason
from trunks.models.trunk import Trunk
from trunks.models.verification import Verification, VerificationStatus
from trunks.rules.trunk_state import HealthStatus

_AUTHENTICATION_FAILED = (Reason.CREDENTIALS_REJECTED, Reason.REGISTRATION_FORBIDDEN)
_SILENT = (Reason.NO_RESPONSE, Reason.CONNECTION_TIMEOUT)


class VerdictData(BaseModel):
    """What a run found."""

    is_verified: bool
    health_status: HealthStatus
    last_health_check_at: Timestamp | None
    error: str | None = Field(None, description="Only when the trunk does not count as verified by this run.")
    outcome: Outcome = Field(description="(ours)")
    reason: Reason = Field(description="(ours)")
    advice: str = Field(description="What to do next (ours).")
    credentials: CredentialState = Field(description="(ours)")
    warnings: list[dict[str, Any]] = Field(description="(ours)")
    retry_at: str | None = Field(None, description="When the carrier, or we, allow another try (ours).")


class VerifyData(VerdictData):
    """`is_verified` and `health_status` are the stored ones after the run."""

    verification_id: UUID = Field(description="(ours)")


class DryRunData(VerdictData):
    """`is_verified` and `health_status` are those that the trunk would have."""

    report: dict[str, Any] = Field(description="The report, secrets and digest responses redacted.")


class DryRunAnswer(BaseModel):
    success: bool = Field(description="Whether the trunk would count as verified.")
    data: DryRunData


class VerifyAnswer(BaseModel):
    success: bool = Field(description="Whether the trunk counts as verified by this run.")
    data: VerifyData


class RunWaiting(BaseModel):
    verification_id: UUID
    status: VerificationStatus


class VerifyLater(BaseModel):
    """The run goes on; poll it at …/verifications/{id} (ours)."""

    success: bool = True
    data: RunWaiting


class RunListed(BaseModel):
    """A run without its report, which is shown with the run by itself."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    status: VerificationStatus
    requested_at: Timestamp
    finished_at: Timestamp | None
    outcome: Outcome | None
    reason: Reason | None
    summary: str | None
    advice: str | None


class RunShown(RunListed):
    report: dict[str, Any] | None = Field(description="The report, secrets and digest responses redacted.")


def show_listed(run: Verification) -> RunListed:
    shown = RunListed.model_validate(run)
    return shown.model_copy(update=_said(run, run.sentences))


def show_run(run: Verification) -> RunShown:
    """Show a run with its report."""
    shown = RunShown.model_validate(run)
    if run.report is None:
        return shown.model_copy(update=_said(run, run.sentences))
    sentences = run.sentences or run.report.get("sentences")
    return shown.model_copy(update={**_said(run, sentences), "report": said_report(run.report)})


def _said(run: Verification, sentences: Sequence[StoredSentence] | None) -> dict[str, str]:
    """The words of a run that came to something."""
    return said_verdict(sentences, run.summary, run.advice)._asdict() if run.summary is not None else {}


class RunFound(BaseModel):
    success: bool = True
    data: RunShown


class RunList(BaseModel):
    success: bool = True
    data: list[RunListed]
    next_cursor: str | None


def answer_later(verification: Verification) -> JSONResponse:
    """Answer that a run goes on."""
    later = VerifyLater(data=RunWaiting(verification_id=verification.id, status=verification.status))
    return JSONResponse(later.model_dump(mode="json"), status_code=HTTPStatus.ACCEPTED)


def show_verified(trunk: Trunk, verification: Verification) -> VerifyAnswer:
    """Answer a caller who waited for a run that is done."""
    data = VerifyData(verification_id=verification.id, **_verdict(trunk, verification))
    return VerifyAnswer(success=bool(verification.counted), data=data)


def show_overtaken(trunk: Trunk, verification: Verification) -> VerifyAnswer:
    """Answer a caller whose trunk was edited meanwhile: what the run comes to is not about the trunk as it is now."""
    data = VerifyData(
        is_verified=trunk.is_verified,
        health_status=trunk.health_status,
        last_health_check_at=trunk.last_health_check_at,
        error=translated(CHANGED_MEANWHILE),
        outcome=Outcome.INCONCLUSIVE,
        reason=Reason.CANCELLED,
        advice=translated(VERIFY_AGAIN),
        credentials=CredentialState.NOT_TESTED,
        warnings=[],
        verification_id=verification.id,
    )
    return VerifyAnswer(success=False, data=data)


def show_dry_run(draft: Trunk, verification: Verification) -> DryRunAnswer:
    """Answer a caller who waited for a run of a trunk that is not entered."""
    data = DryRunData(report=said_report(verification.report or {}), **_verdict(draft, verification))
    return DryRunAnswer(success=bool(verification.counted), data=data)


def _verdict(trunk: Trunk, verification: Verification) -> dict[str, Any]:
    report = said_report(verification.report or {})
    data: dict[str, Any] = {
        "is_verified": trunk.is_verified,
        "health_status": trunk.health_status,
        "last_health_check_at": trunk.last_health_check_at,
        "outcome": verification.outcome,
        "reason": verification.reason,
        "advice": report["advice"],
        "credentials": report["credentials"],
        "warnings": report["warnings"],
    }
    if not verification.counted:
        data["error"] = _error(report)
    if report["retry_at"] is not None:
        data["retry_at"] = write_end_of_wait(datetime.fromisoformat(report["retry_at"]))
    return data


def _error(report: dict[str, Any]) -> str:
    """Say it in talkover's words where it has words ("Verify SIP Trunk"), else in the report's."""
    if report["reason"] in _AUTHENTICATION_FAILED:
        codes = [edge["sip_status"] for edge in report["edges"] if edge["reason"] == report["reason"]]
        return f"Authentication failed ({next(filter(None, codes), 401)})"
    if report["reason"] in _SILENT:
        return "Connection timeout"
    return str(report["summary"])
