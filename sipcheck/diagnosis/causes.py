"""The sub-cause of a reason that has several (docs/design/sip.md, "Causes")."""

from sipcheck.diagnosis.evidence import EdgeEvidence
from sipcheck.reasons import Cause, Reason


def cause_of(reason: Reason, evidence: EdgeEvidence) -> Cause | None:
    """Name what lies behind an edge's reason; None where the reason says all."""
    return _of_failure(reason, evidence)


def _of_failure(reason: Reason, evidence: EdgeEvidence) -> Cause | None:
    """The cause that was known where the failure was seen."""
    failures = [evidence.connect_failure, *(exchange.failure for exchange in evidence.exchanges)]
    named = (each.cause for each in failures if each is not None and each.reason is reason)
    return next((cause for cause in named if cause is not None), None)
