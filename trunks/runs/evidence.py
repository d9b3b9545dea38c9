"""What a run recorded, for whoever has to be shown it: its messages, redacted when they were recorded."""

from collections.abc import Sequence

from sipcheck.report.json_import import ReportUnreadable
from sipcheck.report.model import Direction, Report
from trunks.errors import EvidenceNotFound
from trunks.models.verification import Verification, VerificationStatus
from trunks.runs.stored_report import read_stored


def evidence_of(run: Verification) -> Sequence[Report]:
    """Give the reports of a run that has ended, the one that decides first. Raises EvidenceNotFound."""
    if run.status is not VerificationStatus.DONE or run.report is None:
        raise EvidenceNotFound
    try:
        reports = read_stored(run.report)
    except (ReportUnreadable, KeyError) as error:
        raise EvidenceNotFound from error
    if not all(map(_says_from_where, reports)):
        raise EvidenceNotFound
    return reports


def _says_from_where(report: Report) -> bool:
    return all(step.source for step in report.trace if step.direction is not Direction.EVENT)
