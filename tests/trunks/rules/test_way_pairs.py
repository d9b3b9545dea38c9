"""Which forms of calls a pair of OPTIONS is to prove, and what an answer makes of one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sipcheck.target import HostPort, TransportName
from trunks.rules.outbound_way import choose_way, unverified_way
from trunks.rules.way_evidence import Dialled, FormProof, FormRefusal, WayEdge, WayEvidence, WayForm
from trunks.rules.way_pairs import FormStanding, after_answer, forms_to_prove

DOMAIN, ONE, TWO, OTHER, SIX = (
    "carrier.example",
    "198.51.100.1",
    "198.51.100.2",
    "203.0.113.9",
    "2001:db8::1",
)
UDP, TLS = TransportName.UDP, TransportName.TLS


def edge(address: str, host: str = DOMAIN, **given: Any) -> WayEdge:
    return WayEdge(**{"host": host, "address": address, "port": 5060, "transport": UDP, **given})


FIRST, SECOND = edge(ONE, "sip1.carrier.example", priority=10), edge(TWO, "sip2.carrier.example", priority=20)
ALONE = WayEvidence(domain=DOMAIN, edges=(edge(ONE),), dialled=Dialled(ipv4=(ONE,)))
SRV = WayEvidence(domain=DOMAIN, edges=(FIRST, SECOND), dialled=Dialled())
BY_TLS = replace(FIRST, transport=TLS, port=5061, certificate_names=(DOMAIN,))

ROUTE_ONE, ROUTE_TWO = (
    ("route", f"<sip:{ONE}:5060;lr;transport=udp>"),
    ("route", f"<sip:{TWO}:5060;lr;transport=udp>"),
)
TARGET_ONE, TARGET_TWO = ("target", "sip1.carrier.example:5060"), ("target", "sip2.carrier.example:5060")

# What is known; for each edge what is asked, in order.
WANTED: dict[str, tuple[WayEvidence, list[list[tuple[str, str]]]]] = {
    "one address, which answers": (ALONE, []),
    "a literal": (replace(ALONE, domain=ONE), []),
    "a literal, pinned": (replace(ALONE, domain=ONE, pin_edges=True), []),
    "an outbound proxy": (replace(SRV, proxy=HostPort("edge.proxy.example")), []),
    "the fixed egress": (replace(SRV, fixed_egress=True), []),
    "nothing lives": (replace(SRV, edges=(replace(FIRST, lives=False),)), []),
    "nobody looked where calls go": (
        replace(ALONE, dialled=None),
        [[("route", f"<sip:{ONE}:5060;lr;transport=udp>"), ("target", f"{ONE}:5060")]],
    ),
    "SRV alone": (SRV, [[ROUTE_ONE, TARGET_ONE], [ROUTE_TWO, TARGET_TWO]]),
    "the first is dead": (
        replace(SRV, edges=(replace(FIRST, lives=False), SECOND)),
        [[ROUTE_TWO, TARGET_TWO]],
    ),
    "two addresses that both answer: one may fall": (
        replace(ALONE, edges=(edge(ONE), edge(TWO)), dialled=Dialled(ipv4=(ONE, TWO))),
        [[ROUTE_ONE, ("target", f"{ONE}:5060")], [ROUTE_TWO, ("target", f"{TWO}:5060")]],
    ),
    "an edge over IPv6": (replace(SRV, edges=(FIRST, edge(SIX, priority=10))), [[ROUTE_ONE, TARGET_ONE]]),
    "pinned: no name": (
        replace(SRV, pin_edges=True),
        [[ROUTE_ONE, ("target", f"{ONE}:5060")], [ROUTE_TWO, ("target", f"{TWO}:5060")]],
    ),
    "one address, pinned": (replace(ALONE, pin_edges=True), [[ROUTE_ONE, ("target", f"{ONE}:5060")]]),
    "TLS, and the certificate has neither the literal nor the target": (replace(SRV, edges=(BY_TLS,)), []),
    "TLS, and the certificate has the target": (
        replace(SRV, edges=(replace(BY_TLS, certificate_names=(DOMAIN, "sip1.carrier.example")),)),
        [
            [
                ("route", "<sip:sip1.carrier.example:5061;lr;transport=tls>"),
                ("target", "sip1.carrier.example:5061"),
            ]
        ],
    ),
    "TLS, and the certificate has the target, pinned": (
        replace(
            SRV,
            pin_edges=True,
            edges=(replace(BY_TLS, certificate_names=(DOMAIN, "sip1.carrier.example")),),
        ),
        [],
    ),
    "TLS, and nobody looks at names": (
        replace(SRV, tls_names=False, edges=(BY_TLS,)),
        [[("route", f"<sip:{ONE}:5061;lr;transport=tls>"), ("target", "sip1.carrier.example:5061")]],
    ),
}


@pytest.mark.parametrize("situation", WANTED)
def test_what_is_to_be_proven(situation: str) -> None:
    known, expected = WANTED[situation]
    asked = [[each.asked() for each in forms] for forms in forms_to_prove(known)]
    found = [
        [("route", each.route) if each.route is not None else ("target", str(each.host)) for each in forms]
        for forms in asked
    ]
    assert found == expected


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HELD, DOUBTED = FormStanding(holds=True), FormStanding(holds=True, doubts=1)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("before", "same", "silent", "after", "again"),
    [
        (FormStanding(), True, False, HELD, DAY),
        (FormStanding(), False, False, FormStanding(holds=False), DAY),
        (FormStanding(), False, True, FormStanding(holds=False), HOUR),
        (HELD, True, False, HELD, DAY),
        (HELD, False, True, DOUBTED, 10 * MINUTE),
        (HELD, False, False, DOUBTED, 10 * MINUTE),
        (DOUBTED, True, False, HELD, DAY),
        (DOUBTED, False, False, FormStanding(holds=False), DAY),
        (DOUBTED, False, True, FormStanding(holds=False), HOUR),
        (FormStanding(holds=False), True, False, HELD, DAY),
        (FormStanding(holds=False), False, False, FormStanding(holds=False), DAY),
    ],
)
def test_what_an_answer_makes_of_a_form(
    before: FormStanding, same: bool, silent: bool, after: FormStanding, again: timedelta
) -> None:
    assert after_answer(before, same=same, silent=silent, now=NOW) == (after, NOW + again)


PROVEN = frozenset({FormProof(WayForm.ROUTE, edge(ONE).name, ONE)})


@pytest.mark.parametrize(
    ("known", "form", "told"),
    [
        (ALONE, WayForm.PARKED, "proven in the form that calls have"),
        (replace(ALONE, proofs=PROVEN), WayForm.ROUTE, "Calls go to"),
        (replace(ALONE, domain=ONE), WayForm.AS_GIVEN, "Every address"),
        (
            replace(ALONE, proofs=frozenset({FormProof(WayForm.TARGET, edge(ONE).name, ONE)})),
            WayForm.TARGET,
            "by which name",
        ),
        (
            replace(SRV, proofs=frozenset({FormProof(WayForm.TARGET, FIRST.name, "sip1.carrier.example")})),
            WayForm.PARKED,
            "no address of its own",
        ),
    ],
)
def test_pinned_edges_are_called_by_their_literals_alone(
    known: WayEvidence, form: WayForm, told: str
) -> None:
    way = choose_way(replace(known, pin_edges=True))
    assert way.form is form
    assert told in way.reason


def test_pinned_and_not_proven_yet_is_parked() -> None:
    assert unverified_way(None, pin_edges=True).form is WayForm.PARKED
    assert unverified_way(None).form is WayForm.AS_GIVEN


def test_what_was_refused_is_said() -> None:
    refusals = (
        FormRefusal(WayForm.ROUTE, FIRST.name, "403 Not relaying"),
        FormRefusal(WayForm.TARGET, FIRST.name, "404 Unknown domain"),
    )
    reason = choose_way(replace(SRV, refusals=refusals)).reason
    assert "(404 Unknown domain) (403 Not relaying to a Route)" in reason
    assert "ask the carrier for an address of carrier.example itself" in reason


CANNOT = "Calls cannot answer this carrier's challenge."


@pytest.mark.parametrize(
    ("has_credentials", "edges", "callable_"),
    [
        (True, (edge(ONE), replace(edge(TWO), unanswerable=CANNOT)), True),
        (True, (replace(edge(ONE), unanswerable=CANNOT), edge(TWO)), False),
        (False, (replace(edge(ONE), unanswerable=CANNOT), edge(TWO)), True),
    ],
)
def test_a_challenge_counts_at_the_edge_that_calls_go_to(
    has_credentials: bool, edges: tuple[WayEdge, ...], callable_: bool
) -> None:
    known = WayEvidence(
        domain=DOMAIN, edges=edges, dialled=Dialled(), proofs=PROVEN, has_credentials=has_credentials
    )
    way = choose_way(known)
    assert way.callable is callable_
    assert (way.reason == CANNOT) is not callable_
