"""What a domain's own addresses are: those that no SRV record leads to, as calls find them."""

from dataclasses import replace
from ipaddress import ip_network

import pytest

from sipcheck.dns.resolver import Resolver
from sipcheck.guard import Guard
from sipcheck.target import parse_target
from tests.peers.dns_server import DnsServer, Fault
from trunks.rules.way_evidence import Dialled
from trunks.rules.way_of_report import dialled_by

LOOPBACK = Guard(allow_networks=(ip_network("127.0.0.0/8"),))
SIX = "2001:db8::1"
OWN_ADDRESSES = """
one.example. A 127.0.0.1
both.example. A 127.0.0.2
both.example. A 127.0.0.3
both.example. AAAA 2001:db8::1
six.example. AAAA 2001:db8::1
_sip._udp.srv.example. SRV 10 0 5060 one.example.
private.example. A 10.0.0.5
silent.example. AAAA 2001:db8::1
"""


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("one.example", Dialled(ipv4=("127.0.0.1",))),
        ("both.example:5080", Dialled(ipv4=("127.0.0.2", "127.0.0.3"))),
        ("six.example", Dialled(has_ipv6=True)),
        ("srv.example", Dialled()),
        ("private.example", Dialled(ipv4=("10.0.0.5",), forbidden=True)),
        ("silent.example", None),
        ("127.0.0.5", Dialled(ipv4=("127.0.0.5",))),
        (f"[{SIX}]", Dialled(has_ipv6=True)),
        (f"[{SIX}]:5060", Dialled(has_ipv6=True)),
    ],
)
async def test_what_is_found_is_what_dns_says(target: str, found: Dialled | None) -> None:
    with DnsServer(OWN_ADDRESSES, faults={("silent.example", "A"): Fault.SERVFAIL}) as server:
        resolver = Resolver(nameservers=(server.address,))
        parsed = parse_target(target)
        route = await resolver.resolve(parsed)
        looked = dialled_by(await resolver.dialled(parsed, route), LOOPBACK)
    if looked is not None:
        looked = replace(looked, ipv4=tuple(sorted(looked.ipv4)))
    assert looked == found


def test_nobody_looked() -> None:
    assert dialled_by(None, LOOPBACK) is None
