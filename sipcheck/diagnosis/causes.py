"""The sub-cause of a reason that has several (docs/design/sip.md, "Causes")."""

from sipcheck.diagnosis.evidence import EdgeEvidence
from sipcheck.reasons import Cause, Reason


def cause_of(reason: Reason, evidence: EdgeEvidence) -> Cause | None:
    """Name what lies behind an edge's reason; None where the reason says all."""
    return _of_failure(reason, evidence)


def _of_failure(reason: Reason, evidence: EdgeEvidence) -> Cause | None:
    """The cause that was known where the failure was seen."""
    failure = evidence.failure_of(reason)
    return None if failure is None else failure.cause
