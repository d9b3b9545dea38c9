"""What the checks say of the deciding edge, and why it came to its reason."""

from collections.abc import Mapping, Sequence

from sipcheck.diagnosis.evidence import EdgeEvidence, ExchangeResult
from sipcheck.dns.route import Route
from sipcheck.phrases.sentence import Parameter, Sentence
from sipcheck.reasons import Cause, Reason
from sipcheck.report.model import CheckName
from sipcheck.target import HostPort, Target, TransportName
from sipcheck.transaction.request_template import MAX_DATAGRAM_BYTES
from sipcheck.verification.edge_probe import EdgeProbe
from sipcheck.verification.edge_report import proving_exchange


def described(exchange: ExchangeResult) -> Parameter:
    """Say what a request was answered with, and whence where that is not where it went; else why it was not."""
    if not exchange.answer:
        return exchange.explanation or Sentence("fact.no-answer")
    if exchange.other_source is None:
        return exchange.answer
    return Sentence.of("fact.answer-from", answer=exchange.answer, source=exchange.other_source)


def explain(
    probe: EdgeProbe, exchange: ExchangeResult | None, reason: Reason, cause: Cause | None
) -> Sentence | None:
    """Say what was seen that led to the reason."""
    failure = probe.connection.failure
    if failure is not None and (
        failure.reason is reason or (cause is Cause.CONNECTION_CUT and probe.register is None)
    ):
        return failed(failure.sentence)
    if exchange is None:
        return None
    return failed(exchange.explanation) if exchange.explanation is not None else _described(exchange)


def failed(detail: Parameter) -> Sentence:
    """What is known of a failure."""
    return Sentence.of("check.failed", detail=detail)


def detail_of(explanation: Sentence | None) -> Parameter:
    """What stands for a check's explanation in another sentence."""
    if explanation is None:
        return ""
    return explanation.parameters["detail"] if explanation.key == "check.failed" else explanation


def target_detail(target: Target) -> Sentence:
    """How the target was given."""
    facts = {"transport": target.transport, "proxy": target.outbound_proxy}
    given = {name: value for name, value in facts.items() if value}
    way = "-".join(word for name, word in (("transport", "by"), ("proxy", "through")) if name in given)
    key = f"check.target.{way}" if way else "check.target"
    return Sentence.of(key, target=HostPort(target.domain, target.port), **given)


def route_detail(route: Route) -> Sentence:
    """What DNS came to."""
    if not route.steps:
        return Sentence.of("check.dns.not-asked")
    count = len({edge.address for edge in route.edges})
    return Sentence.of("check.dns.one" if count == 1 else "check.dns.several", count=count)


def check_details(probe: EdgeProbe, evidence: EdgeEvidence) -> Mapping[CheckName, Sequence[Sentence]]:
    """Say what each axis of an edge showed."""
    details = {
        CheckName.TRANSPORT: [Sentence.of("check.transport", edge=probe.name), *_beside_udp(evidence)],
        CheckName.SIP: _sip(evidence),
    }
    certificate = probe.connection.certificate
    if certificate is not None:
        seen = {"version": certificate.tls_version or "TLS", "subject": certificate.subject}
        details[CheckName.TLS] = [Sentence.of("check.tls", **seen)]
    elif probe.edge.transport is not TransportName.TLS:
        details[CheckName.TLS] = [Sentence.of("check.tls.not-used", transport=probe.edge.transport)]
    proof = proving_exchange(evidence)
    if proof is not None:
        details[CheckName.AUTH] = [_described(proof)]
    return details


def check_times_ms(probe: EdgeProbe, evidence: EdgeEvidence) -> dict[CheckName, float]:
    """How long the connection, the first answer and the proof took."""
    proof = proving_exchange(evidence)
    first = next(iter(evidence.exchanges), None)
    seconds = {
        CheckName.SIP: None if first is None else first.rtt_seconds,
        CheckName.AUTH: None if proof is None else proof.rtt_seconds,
    }
    times = {name: round(each * 1000, 3) for name, each in seconds.items() if each is not None}
    if probe.connection.connected_ms is not None:
        times[CheckName.TRANSPORT] = round(probe.connection.connected_ms, 3)
    return times


def _described(exchange: ExchangeResult) -> Sentence:
    method = exchange.method
    if not exchange.answer:
        if exchange.explanation is None:
            return Sentence.of("check.exchange.unanswered", method=method)
        return Sentence.of("check.exchange.failed", method=method, detail=exchange.explanation)
    if exchange.other_source is None:
        return Sentence.of("check.exchange", method=method, answer=exchange.answer)
    answer, source = exchange.answer, exchange.other_source
    return Sentence.of("check.exchange.from", method=method, answer=answer, source=source)


def _sip(evidence: EdgeEvidence) -> Sequence[Sentence]:
    """OPTIONS' answer; where there is none, what it met, and what REGISTER or INVITE was answered."""
    options, other = evidence.options, evidence.register or evidence.invite
    if options is not None and options.status is not None:
        return [_described(options)]
    if other is None or other.status is None:
        return []
    return [_described(each) for each in (options, other) if each is not None]


def _beside_udp(evidence: EdgeEvidence) -> Sequence[Sentence]:
    """Say what did not go by the transport of the edge (RFC 3261 §18.1.1)."""
    methods = list(dict.fromkeys(each.method for each in evidence.exchanges if each.by_tcp))
    if not methods:
        return []
    key = "check.transport.by-tcp" if len(methods) == 1 else "check.transport.both-by-tcp"
    named = {"method": methods[0], "other": methods[-1], "bytes": MAX_DATAGRAM_BYTES}
    return [Sentence.of(key, **named)]
