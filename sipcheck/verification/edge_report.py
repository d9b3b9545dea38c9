"""What one address came to, in the report's shape."""

from collections.abc import Mapping, Sequence
from typing import Any

from sipcheck.diagnosis.evidence import EdgeEvidence, ExchangeResult
from sipcheck.diagnosis.rules import diagnose
from sipcheck.dns.route import Edge
from sipcheck.report.model import EdgeReport
from sipcheck.report.rulings import ruling
from sipcheck.verification.edge_probe import EdgeProbe

_UNPROBED: Mapping[str, Any] = {
    "outcome": None,
    "reason": None,
    "sip_status": None,
    "sip_reason": None,
    "server": None,
    "rtt_ms": None,
    "retransmissions": 0,
    "retry_after_seconds": None,
    "defects": (),
    "local_address": None,
    "received_address": None,
    "certificate": None,
}


def decisive_exchange(evidence: EdgeEvidence) -> ExchangeResult | None:
    """The exchange that speaks for an edge: the proof's, else REGISTER's or INVITE's where it was answered, else
    OPTIONS'.
    """
    if evidence.proof_exchange is not None:
        return evidence.proof_exchange
    answered = [
        each
        for each in (evidence.register, evidence.invite, evidence.options)
        if each is not None and not each.silent
    ]
    return answered[0] if answered else next(iter(evidence.exchanges), None)


def proving_exchange(evidence: EdgeEvidence) -> ExchangeResult | None:
    """The exchange that speaks for the credentials: the one they were sent in, else the last that was tried."""
    return evidence.proof_exchange or next(reversed(evidence.attempts), None)


def unprobed_edge(edge: Edge) -> EdgeReport:
    """Report an edge that was not probed: beyond the number that is, or not needed by the run."""
    return _of_edge(edge, **_UNPROBED)


def _of_edge(edge: Edge, **seen: Any) -> EdgeReport:
    return EdgeReport(
        host=edge.host,
        address=edge.address,
        port=edge.port,
        transport=edge.transport,
        priority=edge.priority,
        weight=edge.weight,
        **seen,
    )


def _facts(evidence: EdgeEvidence, exchange: ExchangeResult | None) -> Mapping[str, str]:
    """What the deciding answer says beside its status; where none came, what came in its stead."""
    if exchange is not None and not exchange.silent:
        return exchange.facts
    return {name: value for each in evidence.exchanges for name, value in each.facts.items()}


def edge_report(probe: EdgeProbe, evidence: EdgeEvidence, *, knocks: int = 0) -> EdgeReport:
    """Report a probed edge with its share of the run's knocks; one that nothing was asked of counts as unprobed."""
    if not evidence.exchanges and evidence.connect_failure is None:
        return unprobed_edge(probe.edge)
    reason = diagnose(evidence)
    exchange = decisive_exchange(evidence)
    answered = [each for each in evidence.exchanges if each.status is not None]
    times = [each.rtt_seconds for each in answered if each.rtt_seconds is not None]
    return _of_edge(
        probe.edge,
        outcome=ruling(reason, realm_learned=probe.run.realms_learned).outcome,
        reason=reason,
        sip_status=exchange.status if exchange else None,
        sip_reason=exchange.phrase if exchange and exchange.status is not None else None,
        server=next((each.server for each in answered if each.server), None),
        rtt_ms=round(times[0] * 1000, 3) if times else None,
        retransmissions=sum(each.retransmissions for each in evidence.exchanges),
        retry_after_seconds=_retry_after(exchange, answered),
        facts=_facts(evidence, exchange),
        defects=tuple(dict.fromkeys(defect for each in answered for defect in each.defects)),
        local_address=next((each.local_address for each in evidence.exchanges if each.local_address), None),
        received_address=next((each.received_address for each in answered if each.received_address), None),
        certificate=probe.connection.certificate,
        knocks=knocks,
    )


def _retry_after(decisive: ExchangeResult | None, answered: Sequence[ExchangeResult]) -> int | None:
    """The wait that the deciding answer asks for; else one that another of the edge's answers does."""
    waits = [each.retry_after_seconds for each in (decisive, *answered) if each is not None]
    return next((wait for wait in waits if wait is not None), None)
