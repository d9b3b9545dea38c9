"""Reports of runs that sent nothing, or of which nothing was learned."""

import re
from datetime import UTC, datetime

from sipcheck.diagnosis.details import worded
from sipcheck.diagnosis.sentences import LATER, Facts, render, sentences
from sipcheck.phrases.sentence import Parameter, Sentence
from sipcheck.reasons import Cause, CredentialState, Reason
from sipcheck.report.checks import make_checks
from sipcheck.report.model import CheckName, Report, TargetFacts
from sipcheck.report.printable import one_line
from sipcheck.report.rulings import ruling
from sipcheck.report.shown import shown
from sipcheck.verification.check_details import failed

_USER_END = re.compile("@|\uff20|%40", re.IGNORECASE)


def report_without_run(
    reason: Reason,
    target: TargetFacts,
    *,
    cause: Cause | None = None,
    detail: Parameter = "",
    retry_at: datetime | None = None,
    started_at: datetime,
    duration_ms: float = 0.0,
) -> Report:
    """Report a reason that needs no run; all checks but its own are skipped."""
    verdict = ruling(reason)
    facts = Facts(
        domain=target.domain,
        where=target.domain,
        detail=detail,
        seconds=f"{duration_ms / 1000:.0f}",
        until=_until(retry_at),
    )
    said = sentences(reason, cause, facts)
    summary, advice = map(render, said)
    report = Report(
        outcome=verdict.outcome,
        reason=reason,
        cause=cause,
        party=verdict.party,
        credentials=CredentialState.NOT_TESTED,
        summary=summary,
        advice=advice,
        retry_at=retry_at,
        target=target,
        checks=make_checks(
            reason,
            verdict.outcome,
            warnings=(),
            details={},
            explanation=(failed(detail),) if detail else said[:1],
            word=worded,
            skipped=frozenset(CheckName),
            times_ms={},
        ),
        warnings=(),
        edges=(),
        trace=(),
        started_at=started_at,
        duration_ms=duration_ms,
        sentences=said,
    )
    return shown(report)


def _until(retry_at: datetime | None) -> Sentence:
    if retry_at is None:
        return LATER
    return Sentence.of("fact.at", time=f"{retry_at.astimezone(UTC):%H:%M:%S}")


def invalid_target_report(
    text: str, fault: Sentence, *, started_at: datetime, username: str | None = None
) -> Report:
    """Report a target that cannot be used: nothing was resolved and nothing sent."""
    target = TargetFacts(
        domain=_without_user(text), port=None, transport=None, username=username, outbound_proxy=None
    )
    return report_without_run(Reason.TARGET_INVALID, target, detail=fault, started_at=started_at)


def _without_user(text: str) -> str:
    """Drop a user part, in which somebody may have typed a password."""
    return one_line(_USER_END.split(text)[-1])
