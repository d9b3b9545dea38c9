"""Where calls go, and how that differs from RFC 3263 (docs/design/infrastructure.md, "Calls")."""

from dataclasses import replace

import pytest

from sipcheck.diagnosis.details import worded
from sipcheck.dns.infrastructure_dial import Dial, Way, dial, difference, service_name
from sipcheck.dns.srv import SrvRecord
from sipcheck.target import TransportName, parse_target

UDP, TCP, TLS = TransportName.UDP, TransportName.TCP, TransportName.TLS
FIRST, SECOND, SIX = "203.0.113.1", "203.0.113.2", "2001:db8::1"
SERVICES = (SrvRecord(20, 0, 5090, "b.example"), SrvRecord(10, 0, 5080, "a.example"))


@pytest.mark.parametrize(
    ("text", "transport", "expected"),
    [
        ("carrier.example", None, UDP),
        ("carrier.example:5061", None, UDP),
        ("carrier.example", TCP, TCP),
        ("sips:carrier.example", None, TLS),
        ("sip:carrier.example;transport=tls", None, TLS),
    ],
)
def test_the_transport_is_udp_unless_it_is_asked_for(
    text: str, transport: TransportName | None, expected: TransportName
) -> None:
    assert dial(parse_target(text, transport=transport), ipv4=[FIRST]).transport is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("carrier.example", "_sip._udp.carrier.example"),
        ("sip:carrier.example;transport=tcp", "_sip._tcp.carrier.example"),
        ("sips:carrier.example", "_sip._tcp.carrier.example"),
    ],
)
def test_the_service_of_tls_is_never_asked(text: str, expected: str) -> None:
    assert service_name(parse_target(text)) == expected


@pytest.mark.parametrize(
    ("text", "ipv4", "ipv6", "services", "expected"),
    [
        ("carrier.example", [FIRST, SECOND], [SIX], SERVICES, Dial(Way.ADDRESS, 5060, UDP, FIRST)),
        ("carrier.example:5070", [SECOND], [], (), Dial(Way.ADDRESS, 5070, UDP, SECOND)),
        ("carrier.example", [], [SIX], SERVICES, Dial(Way.ADDRESS, 5060, UDP, SIX)),
        ("carrier.example", [], [], SERVICES, Dial(Way.OWN_HOST, 5080, UDP)),
        ("carrier.example:5070", [], [], SERVICES, Dial(Way.OWN_HOST, 5080, UDP)),
        ("carrier.example", [], [], (), Dial(Way.NOWHERE, 5060, UDP)),
        ("sips:carrier.example", [FIRST], [], (), Dial(Way.ADDRESS, 5061, TLS, FIRST)),
        (FIRST, [], [], (), Dial(Way.ADDRESS, 5060, UDP, FIRST)),
        (f"[{SIX}]", [], [], (), Dial(Way.ADDRESS, 5060, UDP, SIX)),
        (f"[{SIX}]:5060", [], [], (), Dial(Way.UNREADABLE, 5060, UDP)),
    ],
)
def test_where_a_call_goes(
    text: str, ipv4: list[str], ipv6: list[str], services: tuple[SrvRecord, ...], expected: Dial
) -> None:
    found = dial(parse_target(text), ipv4=ipv4, ipv6=ipv6, services=services)
    assert replace(found, addresses=()) == expected
    # All of the family that is dialled: DNS turns their order round.
    literal = [expected.address] if expected.address is not None else []
    assert list(found.addresses) == (ipv4 or ipv6 or literal)


@pytest.mark.parametrize(
    ("dialled", "edges", "said"),
    [
        (Dial(Way.ADDRESS, 5060, UDP, FIRST), [f"{SECOND}:5060/udp", f"{FIRST}:5060/udp"], None),
        (
            Dial(Way.ADDRESS, 5060, UDP, FIRST),
            [f"{FIRST}:5060/tcp"],
            f"{FIRST}:5060/udp, which is none of the ways",
        ),
        (
            Dial(Way.ADDRESS, 5060, UDP, FIRST),
            [f"{SECOND}:5060/udp"],
            "none of the ways that were found here",
        ),
        (Dial(Way.ADDRESS, 5060, UDP, FIRST), [], "while the way that RFC 3263 asks for leads nowhere"),
        (Dial(Way.ADDRESS, 5060, UDP, SIX), [f"[{SIX}]:5060/udp"], "offers is IPv4 alone"),
        (
            Dial(Way.OWN_HOST, 5080, UDP),
            [f"{FIRST}:5080/udp"],
            "keeps their port, 5080, and would send calls to itself",
        ),
        (Dial(Way.NOWHERE, 5060, TLS), [f"{FIRST}:5061/tls"], "finds no address for carrier.example"),
        (Dial(Way.NOWHERE, 5060, UDP), [], None),
        (Dial(Way.UNREADABLE, 5060, UDP), [f"[{SIX}]:5060/udp"], "cannot read the IPv6 address"),
    ],
)
def test_what_is_said_of_the_difference(dialled: Dial, edges: list[str], said: str | None) -> None:
    found = difference(dialled, parse_target("carrier.example"), edges)
    if said is None:
        assert found is None
    else:
        assert found is not None
        assert said in worded([found])
