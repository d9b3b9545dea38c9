"""What the checks say of the deciding edge, and why it came to its reason."""

from sipcheck.diagnosis.evidence import EdgeEvidence, ExchangeResult
from sipcheck.reasons import Cause, Reason
from sipcheck.report.model import CheckName
from sipcheck.target import TransportName
from sipcheck.transaction.request_template import MAX_DATAGRAM_BYTES
from sipcheck.verification.edge_probe import EdgeProbe
from sipcheck.verification.edge_report import proving_exchange


def described(exchange: ExchangeResult) -> str:
    """Say what a request was answered with, and whence where that is not where it went; else why it was not."""
    elsewhere = f" from {exchange.other_source}" if exchange.other_source is not None else ""
    return f"{exchange.answer}{elsewhere}" if exchange.answer else exchange.explanation or "no answer"


def explain(probe: EdgeProbe, exchange: ExchangeResult | None, reason: Reason, cause: Cause | None) -> str:
    """Say what was seen that led to the reason."""
    failure = probe.connection.failure
    if failure is not None and (
        failure.reason is reason or (cause is Cause.CONNECTION_CUT and probe.register is None)
    ):
        return failure.detail
    if exchange is None:
        return ""
    return exchange.explanation or f"{exchange.method}: {described(exchange)}"


def check_details(probe: EdgeProbe) -> dict[CheckName, str]:
    """Say what each axis of an edge showed."""
    evidence = probe.evidence
    details = {CheckName.TRANSPORT: probe.name + _beside_udp(evidence), CheckName.SIP: _sip(evidence)}
    certificate = probe.connection.certificate
    if certificate is not None:
        details[CheckName.TLS] = f"{certificate.tls_version or 'TLS'}, certificate of {certificate.subject}"
    elif probe.edge.transport is not TransportName.TLS:
        details[CheckName.TLS] = f"not used over {probe.edge.transport}"
    proof = proving_exchange(evidence)
    if proof is not None:
        details[CheckName.AUTH] = f"{proof.method}: {described(proof)}"
    return {name: detail for name, detail in details.items() if detail}


def check_times_ms(probe: EdgeProbe) -> dict[CheckName, float]:
    """How long the connection, the first answer and the proof took."""
    evidence = probe.evidence
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


def _sip(evidence: EdgeEvidence) -> str:
    """OPTIONS' answer; where there is none, what it met, and what REGISTER was answered."""
    options, register = evidence.options, evidence.register
    if options is not None and options.status is not None:
        return f"OPTIONS: {described(options)}"
    if register is None or register.status is None:
        return ""
    answered = f"REGISTER: {described(register)}"
    return answered if options is None else f"OPTIONS: {described(options)}; {answered}"


def _beside_udp(evidence: EdgeEvidence) -> str:
    """Say what did not go by the transport of the edge (RFC 3261 §18.1.1)."""
    methods = " and ".join(dict.fromkeys(each.method for each in evidence.exchanges if each.by_tcp))
    return f"; {methods} went by TCP, being over {MAX_DATAGRAM_BYTES} bytes" if methods else ""
