"""A report as the row of its run keeps it."""

from typing import Any

from sipcheck.report.json_export import report_to_json
from sipcheck.report.model import Report
from trunks.models.verification import VerificationStatus
from trunks.runs.report_bounds import bounded
from trunks.runs.several_gateways import SeveralReport


def done_values(report: Report) -> dict[str, Any]:
    """The columns of a run that is done; what lists show of the report is in columns of its own."""
    stored = bounded(_exported(report))
    return {
        "status": VerificationStatus.DONE,
        "outcome": report.outcome,
        "reason": report.reason,
        "summary": _column_text(stored["summary"]),
        "advice": _column_text(stored["advice"]),
        "report": stored,
    }


def told_values(report: Report) -> dict[str, Any]:
    """The same columns of a run that stays queued: what is said of it until it has run."""
    return done_values(report) | {"status": VerificationStatus.QUEUED}


def _column_text(text: str) -> str:
    """A text as a column of text takes it: a peer's words may hold NUL, and lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", errors="replace").decode("utf-8")


def _exported(report: Report) -> dict[str, Any]:
    exported = report_to_json(report)
    if isinstance(report, SeveralReport):
        exported["gateways"] = [report_to_json(each) for each in report.gateways]
    return exported
