from collections.abc import Callable

import dns.message
import dns.query
import dns.rcode
import pytest

from tests.peers.unbound_server import UnboundServer

Factory = Callable[..., UnboundServer]

RECORDS = """
carrier IN NAPTR 10 50 "s" "SIP+D2U" "" _sip._udp.carrier
_sip._udp.carrier IN SRV 10 5 5080 edge.carrier
edge.carrier IN A 127.0.0.1
edge.carrier IN AAAA ::1
alias IN CNAME edge.carrier
"""


@pytest.mark.parametrize(
    ("name", "kind", "rcode", "answers"),
    [
        ("carrier.example", "NAPTR", "NOERROR", ['10 50 "s" "SIP+D2U" "" _sip._udp.carrier.example.']),
        ("_sip._udp.carrier.example", "SRV", "NOERROR", ["10 5 5080 edge.carrier.example."]),
        ("edge.carrier.example", "A", "NOERROR", ["127.0.0.1"]),
        ("edge.carrier.example", "AAAA", "NOERROR", ["::1"]),
        ("alias.example", "A", "NOERROR", ["edge.carrier.example.", "127.0.0.1"]),
        ("edge.carrier.example", "MX", "NOERROR", []),
        ("nobody.example", "A", "NXDOMAIN", []),
        ("outside.test", "A", "NXDOMAIN", []),  # answered here: no question leaves the machine
    ],
)
@pytest.mark.parametrize("ask", [dns.query.udp, dns.query.tcp])
def test_the_zone_is_served_and_nothing_else(
    unbound_factory: Factory,
    ask: Callable[..., dns.message.Message],
    name: str,
    kind: str,
    rcode: str,
    answers: list[str],
) -> None:
    server = unbound_factory(RECORDS)
    answer = ask(dns.message.make_query(name, kind), server.address, port=server.port, timeout=20)
    assert dns.rcode.to_text(answer.rcode()) == rcode
    assert [str(record) for records in answer.answer for record in records] == answers
