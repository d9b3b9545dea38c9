"""A report as the row of its run keeps it."""

from typing import Any

from sipcheck.report.json_export import report_to_json
from sipcheck.report.model import Report
from trunks.models.verification import VerificationStatus
from trunks.runs.several_gateways import SeveralReport


def done_values(report: Report) -> dict[str, Any]:
    """The columns of a run that is done."""
    return {
        "status": VerificationStatus.DONE,
        "outcome": report.outcome,
        "reason": report.reason,
        "report": _exported(report),
    }


def _exported(report: Report) -> dict[str, Any]:
    exported = report_to_json(report)
    if isinstance(report, SeveralReport):
        exported["gateways"] = [report_to_json(each) for each in report.gateways]
    return exported
