"""Where calls would differ from what was checked: the voice infrastructure's own way, as it is measured."""

from collections.abc import Iterator, Sequence

from sipcheck.auth.infrastructure_answer import unanswerable
from sipcheck.diagnosis.details import warn
from sipcheck.diagnosis.evidence import ExchangeResult
from sipcheck.dns.infrastructure_dial import difference
from sipcheck.dns.route import Route
from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import WarningCode
from sipcheck.report.model import ReportWarning
from sipcheck.target import Target
from sipcheck.verification.edge_probe import EdgeProbe


def way_warnings(route: Route, target: Target, probes: Sequence[EdgeProbe] = ()) -> list[ReportWarning]:
    """Say where calls would go, where that is elsewhere, or to an address that is dead while others live."""
    if route.dialled is None:
        return []
    edges = [] if route.failure is not None else [str(edge) for edge in (*route.edges, *route.beyond)]
    said = difference(route.dialled, target, edges)
    if said is None and _is_dead_alone(str(route.dialled), probes):
        said = Sentence.of("warning.infrastructure-resolves-differently.down", edge=route.dialled)
    return [] if said is None else [warn(WarningCode.INFRASTRUCTURE_RESOLVES_DIFFERENTLY, said)]


def answer_warnings(probes: Sequence[EdgeProbe]) -> Iterator[ReportWarning]:
    """Say of each edge's first challenge that the voice infrastructure could not answer it."""
    for probe in probes:
        said = unanswerable(next(filter(None, map(_first_challenge, probe.evidence.exchanges)), ()))
        if said is not None:
            yield warn(WarningCode.INFRASTRUCTURE_CANNOT_ANSWER, said, edge=probe.name)


def _first_challenge(exchange: ExchangeResult) -> Sequence[str]:
    www, proxy = exchange.challenges
    return exchange.first_challenge or www or proxy


def _is_dead_alone(name: str, probes: Sequence[EdgeProbe]) -> bool:
    there = [probe for probe in probes if probe.name == name]
    return bool(there) and not there[0].alive and any(probe.alive for probe in probes)
