"""A report as the row of its run keeps it."""

import json
from collections.abc import Sequence
from typing import Any

from sipcheck.report.json_export import report_to_json, report_to_json_text, to_json
from sipcheck.report.json_import import read_report
from sipcheck.report.model import Report
from trunks.models.verification import VerificationStatus
from trunks.runs.report_bounds import bounded, is_within_bounds
from trunks.runs.several_gateways import SeveralReport
from trunks.store.database import JsonText


def done_values(report: Report) -> dict[str, Any]:
    """The columns of a run that is done; what lists show of the report is in columns of its own."""
    stored = bounded(_exported(report))
    return _values(report, stored["summary"], stored["advice"], stored, stored["sentences"])


def _values(
    report: Report,
    summary: str,
    advice: str,
    stored: dict[str, Any] | JsonText,
    sentences: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    return {
        "status": VerificationStatus.DONE,
        "outcome": report.outcome,
        "reason": report.reason,
        "summary": column_text(summary),
        "advice": column_text(advice),
        "sentences": list(sentences),
        "report": stored,
    }


def written_values(report: Report) -> dict[str, Any]:
    """The same columns for a statement, which takes a report as the text that it becomes there."""
    text = None if isinstance(report, SeveralReport) else report_to_json_text(report)
    if text is None or not is_within_bounds(text):
        return done_values(report)
    sentences = [to_json(each) for each in report.sentences]
    return _values(report, report.summary, report.advice, JsonText(text), sentences)


def told_values(report: Report) -> dict[str, Any]:
    """The same columns of a run that stays queued: what is said of it until it has run."""
    return written_values(report) | {"status": VerificationStatus.QUEUED}


def read_stored(stored: dict[str, Any]) -> tuple[Report, ...]:
    """Read what a run keeps: its report, or one of each gateway, the deciding one first. Raises ReportUnreadable."""
    deciding = {key: value for key, value in stored.items() if key != "gateways"}
    # The one that decides stands among the gateways too, without the warnings about the others.
    others = [each for each in stored.get("gateways", ()) if _run_of(each) != _run_of(stored)]
    return tuple(read_report(json.dumps(each).encode()) for each in (deciding, *others))


def _run_of(report: dict[str, Any]) -> tuple[Any, ...]:
    return report["target"], report["started_at"]


def column_text(text: str) -> str:
    """A text as a column of text takes it: a peer's words may hold NUL, and lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", errors="replace").decode("utf-8")


def _exported(report: Report) -> dict[str, Any]:
    exported = report_to_json(report)
    if isinstance(report, SeveralReport):
        exported["gateways"] = [report_to_json(each) for each in report.gateways]
    return exported
