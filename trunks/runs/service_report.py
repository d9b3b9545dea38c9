"""Reports of runs that the service itself ended: nothing was learned about the trunk."""

from datetime import datetime

from sipcheck.reasons import Cause, Reason
from sipcheck.report.model import Report, TargetFacts
from sipcheck.verification.report_without_run import report_without_run
from trunks.runs.claimed_run import ClaimedGateway


def service_report(
    reason: Reason,
    gateway: ClaimedGateway,
    *,
    started_at: datetime,
    finished_at: datetime,
    cause: Cause | None = None,
    retry_at: datetime | None = None,
) -> Report:
    """Report a run that ended without the engine: cancelled, credentials-frozen, secret-unreadable and the like."""
    target = TargetFacts(
        domain=gateway.host,
        port=gateway.port,
        transport=gateway.transport,
        username=gateway.username,
        outbound_proxy=gateway.outbound_proxy,
    )
    duration_ms = round((finished_at - started_at).total_seconds() * 1000, 3)
    return report_without_run(
        reason, target, cause=cause, retry_at=retry_at, started_at=started_at, duration_ms=duration_ms
    )
