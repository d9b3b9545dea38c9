"""Silence behind what a guard counts: perhaps a ban (docs/design/sip.md, hazard 1). It changes the words alone."""

from dataclasses import replace

from sipcheck.diagnosis.sentences import Facts, render, sentences
from sipcheck.reasons import Cause, Reason
from sipcheck.report.model import EdgeReport, Report
from sipcheck.target import TransportName, edge_name
from sipcheck.verification.check_details import detail_of

KNOCKS_OF_A_BAN = 3  # in the 24 hours before: a provider's runbook bans at three refused passwords


def may_be_ban(report: Report) -> EdgeReport | None:
    """The edge whose silence decided a report, where a guard answers so: by nothing, or over UDP by ICMP, which is
    fail2ban's own way.
    """
    edge = next((each for each in report.edges if each.reason is report.reason), None)
    if edge is None:
        return None
    if report.reason is Reason.NO_RESPONSE:
        return edge if report.cause in (None, Cause.SILENCE) else None
    by_icmp = report.reason is Reason.CONNECTION_REFUSED and edge.transport == TransportName.UDP
    return edge if by_icmp else None


def suspect_ban(report: Report, *, knocks_before: int, our_address: str) -> Report:
    """Give the report the cause `banned-perhaps` where the deciding edge fell silent behind enough knocks.

    `knocks_before` are those at this edge's address in the 24 hours before the run, of all who share our address.
    """
    edge = may_be_ban(report)
    if edge is None or knocks_before < KNOCKS_OF_A_BAN:
        return report
    where = edge_name(edge.address, edge.port, edge.transport)
    # The check of the reason says why in one sentence.
    why = next((check.sentences for check in report.checks if check.code == report.reason), ())
    facts = Facts(
        domain=report.target.domain,
        where=where,
        detail=detail_of(next(iter(why), None)),
        our_address=our_address,
        knocks=str(knocks_before),
    )
    said = sentences(report.reason, Cause.BANNED_PERHAPS, facts)
    summary, advice = map(render, said)
    return replace(report, cause=Cause.BANNED_PERHAPS, summary=summary, advice=advice, sentences=said)
