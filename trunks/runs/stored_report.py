"""A report as the row of its run keeps it."""

import json
from typing import Any

from sipcheck.report.json_export import report_to_json
from sipcheck.report.model import Report
from trunks.models.verification import VerificationStatus
from trunks.runs.report_bounds import bounded
from trunks.runs.several_gateways import SeveralReport


def done_values(report: Report) -> dict[str, Any]:
    """The columns of a run that is done; the report without what no column can hold, and no larger than is stored.

    What lists show of it is in columns of its own.
    """
    stored = bounded(_storable(_exported(report)))
    return {
        "status": VerificationStatus.DONE,
        "outcome": report.outcome,
        "reason": report.reason,
        "summary": _column_text(stored["summary"]),
        "advice": _column_text(stored["advice"]),
        "report": stored,
    }


def _column_text(text: str) -> str:
    """A text as a column of text takes it, on PostgreSQL too."""
    return text.replace("\x00", "")


def _storable(report: dict[str, Any]) -> dict[str, Any]:
    # A peer's words may hold lone surrogates, which no encoder of an answer takes.
    text = json.dumps(report, ensure_ascii=False).encode("utf-8", errors="replace")
    stored: dict[str, Any] = json.loads(text)
    return stored


def _exported(report: Report) -> dict[str, Any]:
    exported = report_to_json(report)
    if isinstance(report, SeveralReport):
        exported["gateways"] = [report_to_json(each) for each in report.gateways]
    return exported
