"""Reports of runs that the service itself ended: nothing was learned about the trunk."""

from datetime import datetime

from sipcheck.advice import Facts, advise
from sipcheck.checks import make_checks
from sipcheck.diagnosis import ruling
from sipcheck.reasons import CredentialState, Reason
from sipcheck.report import Report, TargetFacts
from trunks.work import Work


def own_report(reason: Reason, work: Work, *, started_at: datetime, finished_at: datetime) -> Report:
    """Report a run that ended for a reason of ours: cancelled, deadline-exceeded, secret-unreadable."""
    verdict = ruling(reason)
    duration_seconds = (finished_at - started_at).total_seconds()
    facts = Facts(domain=work.host, where=work.host, seconds=f"{duration_seconds:.0f}")
    summary, advice = advise(reason, facts)
    return Report(
        outcome=verdict.outcome,
        reason=reason,
        party=verdict.party,
        credentials=CredentialState.NOT_TESTED,
        summary=summary,
        advice=advice,
        retry_at=None,
        target=TargetFacts(
            domain=work.host,
            port=work.port,
            transport=work.transport,
            username=work.username,
            outbound_proxy=work.outbound_proxy,
        ),
        checks=make_checks(
            reason,
            verdict.outcome,
            warnings=(),
            details={},
            explanation=summary,
            skipped=frozenset(),
            times_ms={},
        ),
        warnings=(),
        edges=(),
        trace=(),
        started_at=started_at,
        duration_ms=round(duration_seconds * 1000, 3),
    )
