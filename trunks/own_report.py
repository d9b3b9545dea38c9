"""Reports of runs that the service itself ended: nothing was learned about the trunk."""

from datetime import datetime

from sipcheck.reasons import Reason
from sipcheck.report import Report, TargetFacts
from sipcheck.unrun_report import unrun_report
from trunks.work import Work


def own_report(reason: Reason, work: Work, *, started_at: datetime, finished_at: datetime) -> Report:
    """Report a run that ended for a reason of ours: cancelled, deadline-exceeded, secret-unreadable."""
    target = TargetFacts(
        domain=work.host,
        port=work.port,
        transport=work.transport,
        username=work.username,
        outbound_proxy=work.outbound_proxy,
    )
    duration_ms = round((finished_at - started_at).total_seconds() * 1000, 3)
    return unrun_report(reason, target, started_at=started_at, duration_ms=duration_ms)
