"""Two vantage points side by side: every relation of two verdicts, and whose turn it makes it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sipcheck.reasons import Outcome, Reason
from sipcheck.report.comparison import Relation, compare
from sipcheck.report.model import EdgeReport, Report, TargetFacts
from sipcheck.verification.report_without_run import report_without_run

TARGET = TargetFacts("carrier.example", 5060, "udp", "alice", None)
EDGE = EdgeReport(
    host="carrier.example",
    address="192.0.2.1",
    port=5060,
    transport="udp",
    priority=None,
    weight=None,
    outcome=Outcome.VERIFIED,
    reason=None,
    sip_status=200,
    sip_reason="OK",
    server="a",
    rtt_ms=1.0,
    retransmissions=0,
    retry_after_seconds=None,
    defects=(),
    local_address="10.0.0.5:5070",
    received_address="203.0.113.9:5070",
    certificate=None,
)


def of(reason: Reason, target: TargetFacts = TARGET, *edges: EdgeReport) -> Report:
    report = report_without_run(reason, target, started_at=datetime(2026, 1, 1, tzinfo=UTC))
    return replace(report, edges=edges or (EDGE,))


PROVEN = Reason.CREDENTIALS_PROVEN


@pytest.mark.parametrize(
    ("there", "here", "relation", "said"),
    [
        (PROVEN, PROVEN, Relation.WORKS_FROM_BOTH, "It works from both places."),
        (PROVEN, Reason.ALIVE, Relation.WORKS_FROM_BOTH, "It works from both places."),
        (
            PROVEN,
            Reason.SIP_FORBIDDEN,
            Relation.WORKS_THERE_ALONE,
            "It works from there, not from here: ask the carrier to allow 203.0.113.9, and look for a firewall on the "
            "way from here (sip-forbidden).",
        ),
        (
            Reason.NO_RESPONSE,
            PROVEN,
            Relation.WORKS_HERE_ALONE,
            "It works from here, not from there: ask the carrier to allow 203.0.113.9, and look for a firewall on the "
            "way from there (no-response).",
        ),
        (
            PROVEN,
            Reason.DNS_NXDOMAIN,
            Relation.WORKS_THERE_ALONE,
            "look at the resolver there (dns-nxdomain)",
        ),
        (PROVEN, Reason.TLS_UNTRUSTED, Relation.WORKS_THERE_ALONE, "and the roots trusted (tls-untrusted)"),
        (PROVEN, Reason.DEADLINE_EXCEEDED, Relation.WORKS_THERE_ALONE, "which says nothing of the carrier"),
        (PROVEN, Reason.CREDENTIALS_REJECTED, Relation.WORKS_THERE_ALONE, "compare what was configured"),
        (
            Reason.SIP_SERVICE_UNAVAILABLE,
            Reason.SIP_SERVICE_UNAVAILABLE,
            Relation.FAILS_FROM_BOTH_ALIKE,
            "(sip-service-unavailable): where it is asked from makes no difference, and the carrier has to act.",
        ),
        (
            Reason.CREDENTIALS_REJECTED,
            Reason.CREDENTIALS_REJECTED,
            Relation.FAILS_FROM_BOTH_ALIKE,
            "the trunk's settings have to be corrected",
        ),
        (
            Reason.NO_RESPONSE,
            Reason.SIP_FORBIDDEN,
            Relation.FAILS_FROM_BOTH_OTHERWISE,
            "no-response there, sip-forbidden here",
        ),
    ],
)
def test_every_relation(there: Reason, here: Reason, relation: Relation, said: str) -> None:
    comparison = compare(of(there), of(here))
    assert comparison.relation is relation
    assert said in comparison.said


@pytest.mark.parametrize(
    "change",
    [
        {"domain": "other.example"},
        {"port": 5061},
        {"transport": "tcp"},
        {"username": "bob"},
        {"outbound_proxy": "x"},
    ],
)
def test_another_trunk_is_told(change: dict[str, object]) -> None:
    other = replace(TARGET, **change)  # type: ignore[arg-type]
    comparison = compare(of(PROVEN, other), of(Reason.NO_RESPONSE))
    assert comparison.relation is Relation.ANOTHER_TRUNK
    assert f"they differ in {next(iter(change)).replace('_', ' ')}." in comparison.said


def test_what_differs_is_named() -> None:
    there = of(PROVEN, TARGET, replace(EDGE, address="192.0.2.9", server=None))
    found = {each.name: (each.there, each.here) for each in compare(there, of(PROVEN)).differences}
    assert found == {"addresses": ("192.0.2.9", "192.0.2.1"), "server": ("none", "a")}


@pytest.mark.parametrize("reason", Reason)
def test_a_report_beside_itself_differs_in_nothing(reason: Reason) -> None:
    comparison = compare(of(reason), of(reason))
    assert comparison.differences == ()
    assert comparison.said
