"""The situations in which what was verified and what calls do differ, and the way out of each."""

from dataclasses import replace
from typing import Any

import pytest

from sipcheck.target import HostPort, TransportName
from trunks.rules.outbound_way import choose_way
from trunks.rules.way_evidence import (
    Dialled,
    FormProof,
    OutboundWay,
    WayEdge,
    WayEvidence,
    WayForm,
    WayProof,
)

UDP, TCP, TLS = TransportName.UDP, TransportName.TCP, TransportName.TLS
DOMAIN = "carrier.example"
ONE, TWO, OTHER, SIX = "198.51.100.1", "198.51.100.2", "203.0.113.9", "2001:db8::1"


def edge(address: str = ONE, host: str = DOMAIN, **given: Any) -> WayEdge:
    transport = given.pop("transport", UDP)
    port = given.pop("port", transport.default_port)
    return WayEdge(host=host, address=address, port=port, transport=transport, **given)


def known(*edges: WayEdge, dialled: tuple[str, ...] | None = (ONE,), **given: Any) -> WayEvidence:
    found = None if dialled is None else Dialled(ipv4=dialled, has_ipv6=given.pop("has_ipv6", False))
    return WayEvidence(domain=given.pop("domain", DOMAIN), edges=edges, dialled=found, **given)


def pair(form: WayForm, at: WayEdge, host: str | None = None) -> FormProof:
    return FormProof(form, at.name, host or at.address)


FIRST, SECOND = edge(ONE, "sip1.carrier.example", priority=10), edge(TWO, "sip2.carrier.example", priority=20)
FIRST_DEAD = replace(FIRST, lives=False)
ROUTES = frozenset({pair(WayForm.ROUTE, FIRST), pair(WayForm.ROUTE, SECOND)})
TARGETS = frozenset({pair(WayForm.TARGET, FIRST, "sip1.carrier.example")})
SRV_TLS = edge(ONE, "sip1.carrier.example", transport=TLS, port=5061, certificate_names=(DOMAIN,))
PROXY = HostPort("edge.proxy.example")
BY_PROXY = edge(OTHER, "edge.proxy.example")
SIX_ONLY = edge(SIX)

# What is known; the form, the edge, the host of a Route or an address, and whether calls arrive.
SITUATIONS: dict[str, tuple[WayEvidence, WayForm, str | None, str | None, bool | None]] = {
    "one address, which answers": (known(edge()), WayForm.AS_GIVEN, edge().name, None, True),
    "every address answers": (
        known(edge(ONE), edge(TWO), dialled=(TWO, ONE)),
        WayForm.AS_GIVEN,
        edge(TWO).name,
        None,
        True,
    ),
    "a literal": (
        known(edge(ONE, ONE), domain=ONE),
        WayForm.AS_GIVEN,
        edge().name,
        None,
        True,
    ),
    "nobody looked where calls go": (known(edge(), dialled=None), WayForm.AS_GIVEN, None, None, None),
    "A and SRV differ, nothing proven": (
        known(FIRST, dialled=(OTHER,)),
        WayForm.AS_GIVEN,
        None,
        None,
        None,
    ),
    "the Route proven, and ignored by the infrastructure": (
        known(FIRST, SECOND, dialled=(OTHER,), proofs=ROUTES | TARGETS, obeys_route=False),
        WayForm.TARGET,
        FIRST.name,
        "sip1.carrier.example",
        True,
    ),
    "an outbound proxy, and a Route is ignored": (
        known(BY_PROXY, proxy=PROXY, obeys_route=False),
        WayForm.PARKED,
        None,
        None,
        False,
    ),
    "A and SRV differ, the Route proven": (
        known(FIRST, SECOND, dialled=(OTHER,), proofs=ROUTES),
        WayForm.ROUTE,
        FIRST.name,
        ONE,
        True,
    ),
    "A and SRV differ, the Route refused, the target's name proven": (
        known(FIRST, dialled=(OTHER,), proofs=TARGETS),
        WayForm.TARGET,
        FIRST.name,
        "sip1.carrier.example",
        True,
    ),
    "SRV alone, never verified": (known(dialled=()), WayForm.PARKED, None, None, False),
    "SRV alone over TLS, certified for the domain alone": (
        known(SRV_TLS, dialled=()),
        WayForm.PARKED,
        None,
        None,
        False,
    ),
    "SRV alone, nothing proven": (known(FIRST, dialled=()), WayForm.PARKED, None, None, False),
    "SRV alone, the Route proven": (
        known(FIRST, dialled=(), proofs=ROUTES),
        WayForm.ROUTE,
        FIRST.name,
        ONE,
        True,
    ),
    "the first target is dead": (
        known(FIRST_DEAD, SECOND, dialled=(), proofs=ROUTES),
        WayForm.ROUTE,
        SECOND.name,
        TWO,
        True,
    ),
    "the first address is dead, nothing proven": (
        known(edge(ONE, lives=False), edge(TWO), dialled=(ONE, TWO)),
        WayForm.AS_GIVEN,
        None,
        None,
        None,
    ),
    "the first address is dead, the Route proven": (
        known(
            edge(ONE, lives=False),
            edge(TWO),
            dialled=(ONE, TWO),
            proofs=frozenset({pair(WayForm.ROUTE, edge(TWO))}),
        ),
        WayForm.ROUTE,
        edge(TWO).name,
        TWO,
        True,
    ),
    "every address that calls go to is dead": (
        known(edge(OTHER, lives=False), SECOND, dialled=(OTHER,)),
        WayForm.AS_GIVEN,
        None,
        None,
        False,
    ),
    "TCP by SRV, at the domain's own address": (
        known(edge(ONE, "sip1.carrier.example", transport=TCP)),
        WayForm.AS_GIVEN,
        edge(transport=TCP).name,
        None,
        True,
    ),
    "SRV names another port": (
        known(edge(ONE, "sip1.carrier.example", port=5080)),
        WayForm.AS_GIVEN,
        None,
        None,
        None,
    ),
    "TLS by SRV, the certificate is the domain's": (
        known(SRV_TLS),
        WayForm.AS_GIVEN,
        SRV_TLS.name,
        None,
        True,
    ),
    "TLS by SRV elsewhere: a literal is none that the certificate has": (
        known(SRV_TLS, dialled=(OTHER,), proofs=frozenset({pair(WayForm.ROUTE, SRV_TLS)})),
        WayForm.AS_GIVEN,
        None,
        None,
        None,
    ),
    "TLS by SRV elsewhere, names unchecked": (
        known(SRV_TLS, dialled=(OTHER,), proofs=frozenset({pair(WayForm.ROUTE, SRV_TLS)}), tls_names=False),
        WayForm.ROUTE,
        SRV_TLS.name,
        ONE,
        True,
    ),
    "a literal over TLS, in the certificate": (
        known(edge(ONE, ONE, transport=TLS, certificate_names=(ONE,)), domain=ONE),
        WayForm.AS_GIVEN,
        edge(transport=TLS).name,
        None,
        True,
    ),
    "TLS, a wildcard names the target": (
        known(
            replace(SRV_TLS, certificate_names=("*.carrier.example",)),
            dialled=(),
            proofs=frozenset({pair(WayForm.ROUTE, SRV_TLS, "sip1.carrier.example")}),
        ),
        WayForm.ROUTE,
        SRV_TLS.name,
        "sip1.carrier.example",
        True,
    ),
    "TLS, one of the target's addresses is not proven": (
        known(
            replace(SRV_TLS, certificate_names=("*.carrier.example",)),
            replace(SRV_TLS, address=TWO, lives=None),
            dialled=(),
            proofs=frozenset({pair(WayForm.ROUTE, SRV_TLS, "sip1.carrier.example")}),
        ),
        WayForm.PARKED,
        None,
        None,
        False,
    ),
    "it takes its own domain alone: the Route keeps it": (
        known(SECOND, dialled=(OTHER,), proofs=frozenset({pair(WayForm.ROUTE, SECOND)})),
        WayForm.ROUTE,
        SECOND.name,
        TWO,
        True,
    ),
    "an outbound proxy": (
        known(BY_PROXY, proxy=PROXY, dialled=None),
        WayForm.ROUTE,
        BY_PROXY.name,
        OTHER,
        True,
    ),
    "an outbound proxy that was never verified": (
        known(proxy=PROXY, dialled=None),
        WayForm.PARKED,
        None,
        None,
        None,
    ),
    "an outbound proxy over TLS, by its name": (
        known(
            replace(BY_PROXY, transport=TLS, port=5061, certificate_names=("edge.proxy.example",)),
            proxy=PROXY,
        ),
        WayForm.ROUTE,
        f"{OTHER}:5061/tls",
        "edge.proxy.example",
        True,
    ),
    "an outbound proxy over TLS, certified for the domain": (
        known(replace(BY_PROXY, transport=TLS, port=5061, certificate_names=(DOMAIN,)), proxy=PROXY),
        WayForm.PARKED,
        None,
        None,
        False,
    ),
    "calls would go where the guard lets nothing go": (
        replace(known(FIRST), dialled=Dialled(ipv4=(OTHER,), forbidden=True)),
        WayForm.PARKED,
        None,
        None,
        False,
    ),
    "a target whose name would be more than a name in a header": (
        known(
            edge(OTHER, "a;lr>,<sip:x.example", transport=TLS, certificate_names=("a;lr>,<sip:x.example",)),
            proxy=PROXY,
        ),
        WayForm.PARKED,
        None,
        None,
        False,
    ),
    "IPv6 only": (known(SIX_ONLY, dialled=(), has_ipv6=True), WayForm.AS_GIVEN, None, None, None),
    "IPv6 only, a Route to it proven": (
        known(SIX_ONLY, dialled=(), has_ipv6=True, proofs=frozenset({pair(WayForm.ROUTE, SIX_ONLY)})),
        WayForm.AS_GIVEN,
        None,
        None,
        None,
    ),
    "IPv6 answers, IPv4 is dead": (
        known(SIX_ONLY, edge(ONE, lives=False), has_ipv6=True),
        WayForm.AS_GIVEN,
        None,
        None,
        False,
    ),
    "the fixed egress": (known(edge(), fixed_egress=True), WayForm.AS_GIVEN, None, None, None),
    "edges are to be pinned": (
        known(edge(), pin_edges=True, proofs=frozenset({pair(WayForm.ROUTE, edge())})),
        WayForm.ROUTE,
        edge().name,
        ONE,
        True,
    ),
    "edges are to be pinned, before the first proof": (
        known(dialled=None, pin_edges=True),
        WayForm.PARKED,
        None,
        None,
        False,
    ),
    "edges are to be pinned, and the address is one": (
        known(edge(ONE, ONE), domain=ONE, pin_edges=True),
        WayForm.AS_GIVEN,
        edge().name,
        None,
        True,
    ),
    "edges are to be pinned over TLS, and the certificate has names alone": (
        known(SRV_TLS, pin_edges=True, proofs=frozenset({pair(WayForm.ROUTE, SRV_TLS)})),
        WayForm.PARKED,
        None,
        None,
        False,
    ),
}


def shown(way: OutboundWay) -> tuple[WayForm, str | None, str | None, bool | None]:
    return way.form, None if way.edge is None else way.edge.name, way.host, way.callable


@pytest.mark.parametrize("situation", SITUATIONS)
def test_situations(situation: str) -> None:
    evidence, form, edge_name, host, arrives = SITUATIONS[situation]
    way = choose_way(evidence)
    assert shown(way) == (form, edge_name, host, arrives), way.reason
    assert way.proof == (WayProof.OPTIONS if arrives else None)
    assert way.reason.endswith(".")


@pytest.mark.parametrize(
    ("situation", "told"),
    [
        ("SRV alone, nothing proven", "name the carrier's server itself"),
        ("SRV alone, never verified", "cannot follow; verify the trunk"),
        (
            "SRV alone over TLS, certified for the domain alone",
            f"ask the carrier for a certificate of {SRV_TLS.name} that names sip1.carrier.example, or",
        ),
        (
            "TLS by SRV elsewhere: a literal is none that the certificate has",
            f"ask the carrier for a certificate of {SRV_TLS.name} that names sip1.carrier.example",
        ),
        (
            "A and SRV differ, nothing proven",
            "203.0.113.9, port 5060 over udp, which was not verified; name sip1.",
        ),
        (
            "the first address is dead, nothing proven",
            "198.51.100.1, port 5060 over udp, which did not answer",
        ),
        ("every address that calls go to is dead", "did not answer; name sip2.carrier.example, port 5060"),
        ("IPv6 only", "only where the platform's calls go over IPv6 too"),
        (
            "an outbound proxy that was never verified",
            "edge.proxy.example has been proven to answer yet; verify",
        ),
        ("an outbound proxy over TLS, certified for the domain", "give the name that it is made for"),
    ],
)
def test_the_reason_says_what_would_make_a_way(situation: str, told: str) -> None:
    assert told in choose_way(SITUATIONS[situation][0]).reason


def test_a_challenge_that_calls_cannot_answer_is_said_whatever_the_way() -> None:
    said = "The carrier's challenge offers MD5-sess first, which calls cannot answer."
    for evidence in (known(edge()), known(BY_PROXY, proxy=PROXY)):
        way = choose_way(replace(evidence, unanswerable=said))
        assert (way.callable, way.reason) == (False, said)
        assert way.form is choose_way(evidence).form


def test_among_equals_the_edge_in_use_stays() -> None:
    evidence = known(edge(ONE), edge(TWO), proxy=PROXY)
    assert choose_way(evidence).host == ONE
    assert choose_way(replace(evidence, current=edge(TWO).name)).host == TWO
    # A better one is taken all the same.
    better = replace(evidence, edges=(edge(ONE, priority=1), edge(TWO, priority=2)))
    assert choose_way(replace(better, current=edge(TWO).name)).host == ONE
