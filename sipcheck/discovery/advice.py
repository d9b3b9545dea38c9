"""What a failed verification's advice says of the ways that a search found."""

from collections.abc import Collection, Sequence

from sipcheck.discovery.findings import Discovery, Finding
from sipcheck.guard import FORBIDDEN
from sipcheck.report.model import Report

_MOST_NAMED = 4


def advise_instead(discovery: Discovery, report: Report) -> str:
    """Write the report's advice anew: what would work first, then what it said; or that nothing else does."""
    others = [finding for finding in discovery.findings if not finding.configured]
    if any(finding.alive for finding in others):
        said = [finding for finding in others if finding.alive]
        return _joined(f"What would work: {_answers(said, report)}; {_setting(report)}.", report.advice)
    if any(finding.answers for finding in others):
        said = [finding for finding in others if finding.answers]
        return _joined(f"Elsewhere, {_answers(said, report)}; {_setting(report)}.", report.advice)
    if discovery.failure is not None and discovery.failure.reason in FORBIDDEN:
        return _joined(report.advice, f"Nothing else was tried: {discovery.failure.detail}.")
    if not any(finding.report.outcome is not None for finding in others):
        return _joined(report.advice, "There is nothing else to try: DNS leads to no other address.")
    return _joined(report.advice, "Nothing else answers either.")


def name_ways(findings: Sequence[Finding], at_home: Collection[str]) -> str:
    """Name ways as a setting would, `udp 5060`; with the host where its address is not one of `at_home`."""
    named = list(dict.fromkeys(_way(finding, at_home) for finding in findings))
    shown = named[:_MOST_NAMED]
    if len(named) > _MOST_NAMED:
        shown.append(f"{len(named) - _MOST_NAMED} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _answers(findings: Sequence[Finding], report: Report) -> str:
    verb = (
        "answers" if len({(each.report.transport, each.report.port) for each in findings}) == 1 else "answer"
    )
    at_home = {edge.address for edge in report.edges}
    return f"{name_ways(findings, at_home)} {verb}"


def _way(finding: Finding, at_home: Collection[str]) -> str:
    report = finding.report
    way = f"{report.transport} {report.port}"
    if report.address not in at_home:
        way = f"{way} at {report.host}"
    if finding.alive:
        return way
    return f"{way} (with {report.sip_status} {report.sip_reason or ''}".rstrip() + ")"


def _setting(report: Report) -> str:
    """Say what the trunk is set to: a transport and port, or what DNS made of a bare domain."""
    target = report.target
    ways = list(dict.fromkeys(f"{edge.transport} {edge.port}" for edge in report.edges))
    if not ways:
        return "by its present setting DNS leads it nowhere"
    chosen = target.port is not None or target.transport is not None
    return f"{'the trunk is set to' if chosen else 'DNS leads the trunk to'} {' and '.join(ways)}"


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)
