"""A report as the row of its run keeps it."""

import json
from typing import Any

from sipcheck.report.json_export import report_to_json
from sipcheck.report.model import Report
from trunks.models.verification import VerificationStatus
from trunks.runs.several_gateways import SeveralReport


def done_values(report: Report) -> dict[str, Any]:
    """The columns of a run that is done; the report without what no column of text can hold."""
    return {
        "status": VerificationStatus.DONE,
        "outcome": report.outcome,
        "reason": report.reason,
        "report": _storable(_exported(report)),
    }


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
