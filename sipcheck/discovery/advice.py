"""What a failed verification's advice says of the ways that a search found."""

from collections.abc import Collection, Iterable, Sequence

from sipcheck.diagnosis.sentences import render
from sipcheck.discovery.findings import Discovery, Finding
from sipcheck.guard import FORBIDDEN
from sipcheck.phrases.listed import Joint, listed
from sipcheck.phrases.sentence import Sentence
from sipcheck.report.model import EdgeReport, Report

_MOST_NAMED = 4


def advise_instead(discovery: Discovery, report: Report) -> tuple[Sentence, ...]:
    """Give the report's advice anew: what would work first, then what it said; or that nothing else does."""
    others = [finding for finding in discovery.findings if not finding.configured]
    advice = report.sentences[1:]
    if said := [finding for finding in others if finding.alive]:
        return (_found("works", said, report), *advice)
    if said := [finding for finding in others if finding.answers]:
        return (_found("answers", said, report), *advice)
    if discovery.failure is not None and discovery.failure.reason in FORBIDDEN:
        return (*advice, Sentence.of("discovery.forbidden", detail=discovery.failure.sentence))
    if not any(finding.report.outcome is not None for finding in others):
        return (*advice, Sentence.of("discovery.nothing-to-try"))
    return (*advice, Sentence.of("discovery.nothing-answers"))


def worded_advice(advice: Iterable[Sentence]) -> str:
    """Word an advice of several sentences in English."""
    return " ".join(said for sentence in advice if (said := render(sentence)))


def name_ways(findings: Sequence[Finding], at_home: Collection[str]) -> Sentence:
    """Name ways as a setting would, `udp 5060`; with the host where its address is not one of `at_home`."""
    named = _each_once(_way(finding, at_home) for finding in findings)
    shown = named[:_MOST_NAMED]
    if len(named) > _MOST_NAMED:
        shown.append(Sentence.of("listed.more", count=len(named) - _MOST_NAMED))
    *before, last = shown
    return listed([listed(before, Joint.COMMA), last], Joint.AND) if before else last


def _found(key: str, findings: Sequence[Finding], report: Report) -> Sentence:
    ways = {(each.report.transport, each.report.port) for each in findings}
    set_to = _each_once(_setting(edge) for edge in report.edges)
    key = f"discovery.{key}.{'one' if len(ways) == 1 else 'several'}"
    named = name_ways(findings, {edge.address for edge in report.edges})
    if not set_to:
        return Sentence.of(f"{key}.nowhere", ways=named)
    # A transport or a port was chosen, or it is what DNS made of a bare domain.
    chosen = report.target.port is not None or report.target.transport is not None
    return Sentence.of(
        f"{key}.{'set' if chosen else 'by-dns'}", ways=named, setting=listed(set_to, Joint.AND)
    )


def _way(finding: Finding, at_home: Collection[str]) -> Sentence:
    report = finding.report
    way = _setting(report)
    if report.address not in at_home:
        way = Sentence.of("discovery.way.at", way=way, host=report.host)
    if finding.alive:
        return way
    answer = f"{report.sip_status} {report.sip_reason or ''}".rstrip()
    return Sentence.of("discovery.way.answered", way=way, answer=answer)


def _setting(edge: EdgeReport) -> Sentence:
    return Sentence.of("discovery.way", transport=edge.transport, port=edge.port)


def _each_once(sentences: Iterable[Sentence]) -> list[Sentence]:
    found: list[Sentence] = []
    for sentence in sentences:
        if sentence not in found:  # a sentence has no hash
            found.append(sentence)
    return found
