"""RFC 3263 as a real resolver serves it: unbound, a zone, and peers that answer where the zone leads.

tests/sipcheck/dns/test_resolver.py has every branch of the walk, on a DNS server with named faults.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sipcheck import (
    Engine,
    EngineSettings,
    HostPort,
    Outcome,
    Reason,
    Report,
    TransportName,
    WarningCode,
    parse_target,
)
from tests.peers.certificates import CertificateKind, Certificates
from tests.peers.dns_server import DnsServer, Fault
from tests.peers.ports import free_port
from tests.peers.sip_reply import reply_to
from tests.peers.tls_server import TlsServer
from tests.peers.udp_peer import UdpPeer
from tests.peers.unbound_server import UnboundServer
from tests.sipcheck.conftest import ALICE, LOOPBACK

pytestmark = pytest.mark.peers

UDP, TCP, TLS = TransportName.UDP, TransportName.TCP, TransportName.TLS
UdpPeers = Callable[..., UdpPeer]
Streams = Callable[..., TlsServer]

CHALLENGE = ("WWW-Authenticate", 'Digest realm="carrier.example", nonce="n", qop="auth"')

# A zone whose signatures are wanted and missing, and two whose servers refuse and keep silent.
BROKEN = """
server:
    module-config: "validator iterator"
    trust-anchor: "bogus.test. DS 12345 8 2 {digest}"
    local-zone: "bogus.test." transparent
    local-zone: "refused.test." transparent
    local-zone: "dead.test." transparent
    do-not-query-localhost: no
auth-zone:
    name: "bogus.test."
    zonefile: "bogus"
    for-downstream: no
    for-upstream: yes
    fallback-enabled: no
forward-zone:
    name: "refused.test."
    forward-addr: 127.0.0.1@{refusing}
forward-zone:
    name: "dead.test."
    forward-addr: 127.0.0.1@{silent}
"""
BOGUS_ZONE = """\
$ORIGIN bogus.test.
$TTL 60
@ IN SOA ns hostmaster 1 3600 600 86400 60
@ IN NS ns
ns IN A 127.0.0.1
sip IN A 127.0.0.1
"""


def answer(request: bytes) -> list[bytes]:
    return [reply_to(request)]


async def verify(server: UnboundServer, text: str, **options: object) -> Report:
    transport = options.pop("transport", None)
    ca_file = options.pop("ca_file", None)
    settings = EngineSettings(
        guard=LOOPBACK,
        nameservers=(HostPort(server.address, server.port),),
        ca_file=ca_file if isinstance(ca_file, Path) else None,
    )
    async with Engine(settings) as engine:
        target = parse_target(text, transport=transport if isinstance(transport, TransportName) else None)
        credentials = ALICE if options.pop("proven", False) else None
        assert not options
        return await engine.verify(target, credentials=credentials, timeout_seconds=3)


def edges(report: Report) -> list[str]:
    return [f"{HostPort(edge.address, edge.port)}/{edge.transport}" for edge in report.edges]


def codes(report: Report) -> set[WarningCode]:
    return {warning.code for warning in report.warnings} - {WarningCode.RETRANSMITTED}


def asked(report: Report) -> list[str]:
    """The questions, in the order of the trace."""
    return [step.text.partition(":")[0] for step in report.trace if step.text.startswith("DNS ")]


# NAPTR, SRV, A and AAAA in their order (RFC 3263 §4.1, §4.2)


async def test_naptr_srv_and_addresses_in_their_order(
    unbound_factory: Callable[..., UnboundServer],
    udp_peer_factory: UdpPeers,
    tls_server_factory: Streams,
) -> None:
    by_tcp = tls_server_factory()
    first, second = udp_peer_factory(answer), udp_peer_factory(answer, address="127.0.0.2")
    server = unbound_factory(
        f"""
carrier IN NAPTR 20 10 "s" "SIP+D2U" "" _sip._udp.carrier
carrier IN NAPTR 10 10 "s" "SIP+D2T" "" _sip._tcp.carrier
_sip._udp.carrier IN SRV 20 0 {second.port} b.carrier
_sip._udp.carrier IN SRV 10 0 {first.port} a.carrier
_sip._tcp.carrier IN SRV 10 0 {by_tcp.port} a.carrier
a.carrier IN A 127.0.0.1
b.carrier IN A 127.0.0.2
"""
    )
    report = await verify(server, "carrier.example")
    assert report.reason is Reason.ALIVE, report.summary
    assert edges(report) == [
        f"127.0.0.1:{by_tcp.port}/tcp",
        f"127.0.0.1:{first.port}/udp",
        f"127.0.0.2:{second.port}/udp",
    ]
    assert [(edge.host, edge.priority) for edge in report.edges] == [
        ("a.carrier.example", 10),
        ("a.carrier.example", 10),
        ("b.carrier.example", 20),
    ]
    questions = asked(report)
    assert questions[:3] == [
        "DNS NAPTR carrier.example",
        "DNS SRV _sip._tcp.carrier.example",
        "DNS SRV _sip._udp.carrier.example",
    ]
    assert "DNS A carrier.example" not in questions
    assert report.checks[3].detail == f"127.0.0.1:{by_tcp.port}/tcp"  # the first living edge decides


async def test_naptr_to_tls_by_a_certificate_for_the_domain(
    unbound_factory: Callable[..., UnboundServer], tls_server_factory: Streams, certificates: Certificates
) -> None:
    """RFC 5922 §7.1: the domain is what the certificate names, not the SRV target."""
    peer = tls_server_factory(certificate=certificates[CertificateKind.GOOD])
    server = unbound_factory(
        f"""
carrier IN NAPTR 10 10 "s" "SIPS+D2T" "" _sips._tcp.carrier
_sips._tcp.carrier IN SRV 1 1 {peer.port} edge.elsewhere
edge.elsewhere IN A 127.0.0.1
"""
    )
    report = await verify(server, "carrier.example", ca_file=certificates.ca_file)
    assert report.reason is Reason.ALIVE, report.summary
    assert edges(report) == [f"127.0.0.1:{peer.port}/tls"]
    assert report.edges[0].host == "edge.elsewhere.example"


async def test_a_dead_first_priority_gives_way_to_the_second(
    unbound_factory: Callable[..., UnboundServer], udp_peer_factory: UdpPeers
) -> None:
    dead, alive = free_port(), udp_peer_factory(answer)
    server = unbound_factory(
        f"""
_sip._udp.carrier IN SRV 10 0 {dead} a.carrier
_sip._udp.carrier IN SRV 20 0 {alive.port} a.carrier
a.carrier IN A 127.0.0.1
"""
    )
    report = await verify(server, "carrier.example")
    assert report.reason is Reason.ALIVE
    assert edges(report) == [f"127.0.0.1:{dead}/udp", f"127.0.0.1:{alive.port}/udp"]
    assert [edge.reason for edge in report.edges] == [Reason.CONNECTION_REFUSED, Reason.ALIVE]
    assert codes(report) == {WarningCode.EDGE_DOWN}


async def test_a_proof_goes_to_the_second_priority_after_503(
    unbound_factory: Callable[..., UnboundServer], udp_peer_factory: UdpPeers
) -> None:
    """RFC 3263 §4.3."""

    def registrar(request: bytes) -> list[bytes]:
        if request.startswith(b"OPTIONS") or b"\r\nAuthorization:" in request:
            return [reply_to(request)]
        return [reply_to(request, 401, "Unauthorized", headers=[CHALLENGE])]

    busy = udp_peer_factory(lambda request: [reply_to(request, 503, "Service Unavailable")])
    ready = udp_peer_factory(registrar)
    server = unbound_factory(
        f"""
_sip._udp.carrier IN SRV 10 0 {busy.port} a.carrier
_sip._udp.carrier IN SRV 20 0 {ready.port} a.carrier
a.carrier IN A 127.0.0.1
"""
    )
    report = await verify(server, "carrier.example", proven=True)
    assert report.reason is Reason.CREDENTIALS_PROVEN, report.summary
    assert codes(report) == {WarningCode.EDGE_DOWN}


async def test_weights_draw_the_first_of_a_priority(
    unbound_factory: Callable[..., UnboundServer], udp_peer_factory: UdpPeers
) -> None:
    """RFC 2782, "Weight"; 100 draws of 70 : 30 : 0, of which each misses these bounds in one of millions."""
    heavy, light, never = (udp_peer_factory(answer).port for _ in range(3))
    server = unbound_factory(
        f"""
_sip._udp.carrier IN SRV 10 70 {heavy} a.carrier
_sip._udp.carrier IN SRV 10 30 {light} a.carrier
_sip._udp.carrier IN SRV 10 0 {never} a.carrier
a.carrier IN A 127.0.0.1
"""
    )
    settings = EngineSettings(guard=LOOPBACK, nameservers=(HostPort(server.address, server.port),))
    target = parse_target("carrier.example", transport=UDP)
    first: Counter[int] = Counter()
    async with Engine(settings) as engine:
        for _ in range(100):
            report = await engine.verify(target, timeout_seconds=3)
            assert report.reason is Reason.ALIVE
            assert {edge.port for edge in report.edges} == {heavy, light, never}
            first[report.edges[0].port] += 1
    assert 45 <= first[heavy] <= 92
    assert first[light] >= 6
    assert first[never] <= 10


# What the records say, and what the resolver cannot say


async def test_a_declined_service(unbound_factory: Callable[..., UnboundServer]) -> None:
    server = unbound_factory("_sip._udp.carrier IN SRV 0 0 0 .\ncarrier IN A 127.0.0.1")
    report = await verify(server, "carrier.example", transport=UDP)
    assert report.reason is Reason.DNS_SERVICE_REFUSED
    assert report.edges == ()


async def test_a_service_declined_for_one_transport_leaves_the_others(
    unbound_factory: Callable[..., UnboundServer], tls_server_factory: Streams
) -> None:
    peer = tls_server_factory()
    server = unbound_factory(
        f"""
_sip._udp.carrier IN SRV 0 0 0 .
_sip._tcp.carrier IN SRV 1 1 {peer.port} a.carrier
a.carrier IN A 127.0.0.1
"""
    )
    report = await verify(server, "carrier.example")
    assert report.reason is Reason.ALIVE
    assert edges(report) == [f"127.0.0.1:{peer.port}/tcp"]


@pytest.mark.parametrize(
    ("name", "reason", "said"),
    [
        ("nobody.example", Reason.DNS_NXDOMAIN, "does not exist"),
        ("textual.example", Reason.DNS_NO_RECORDS, "neither an A nor an AAAA"),
        ("alias-to-nowhere.example", Reason.DNS_NXDOMAIN, "gone.example"),
        ("alias-to-text.example", Reason.DNS_NO_RECORDS, "neither an A nor an AAAA"),
        ("orphan.example", Reason.DNS_NXDOMAIN, "gone.example, which an SRV record names"),
        ("loop.example", Reason.DNS_SERVFAIL, "loop.example"),
        ("outside.test", Reason.DNS_NXDOMAIN, "outside.test"),
    ],
)
async def test_nxdomain_nodata_and_loops_are_told_apart(
    name: str, reason: Reason, said: str, unbound_factory: Callable[..., UnboundServer]
) -> None:
    server = unbound_factory(
        """
textual IN TXT hello
alias-to-nowhere IN CNAME gone
alias-to-text IN CNAME textual
_sip._udp.orphan IN SRV 1 1 5060 gone
loop IN CNAME pool
pool IN CNAME loop
"""
    )
    report = await verify(server, name)
    assert report.reason is reason, report.summary
    assert said in report.summary


async def test_a_chain_of_aliases_is_followed_at_every_link(
    unbound_factory: Callable[..., UnboundServer], udp_peer_factory: UdpPeers
) -> None:
    peer = udp_peer_factory(answer)
    server = unbound_factory(
        f"""
_sip._udp.carrier IN CNAME _sip._udp.hosted
_sip._udp.hosted IN CNAME _sip._udp.cluster
_sip._udp.cluster IN SRV 1 1 {peer.port} edge
edge IN CNAME edge1
edge1 IN CNAME edge2
edge2 IN A 127.0.0.1
"""
    )
    report = await verify(server, "carrier.example")
    assert report.reason is Reason.ALIVE, report.summary
    assert edges(report) == [f"127.0.0.1:{peer.port}/udp"]


@pytest.fixture
def broken_server(tmp_path: Path, dns_server_factory: Callable[..., DnsServer]) -> Iterator[UnboundServer]:
    (tmp_path / "bogus").write_text(BOGUS_ZONE)
    configuration = BROKEN.format(
        digest="0" * 64,
        refusing=dns_server_factory(faults={("*", "*"): Fault.REFUSED}).address.port,
        silent=dns_server_factory(faults={("*", "*"): Fault.SILENT}).address.port,
    )
    with UnboundServer("carrier IN A 127.0.0.1", tmp_path, configuration=configuration) as server:
        yield server


@pytest.mark.parametrize(
    ("name", "reason", "said"),
    [
        ("sip.bogus.test", Reason.DNS_SERVFAIL, "SERVFAIL"),
        ("sip.refused.test", Reason.DNS_SERVFAIL, "SERVFAIL"),
        ("sip.dead.test", Reason.DNS_TIMEOUT, "in time"),  # unbound goes on trying for longer than the check
    ],
)
async def test_what_the_resolver_cannot_find_out_is_no_word_on_the_name(
    name: str, reason: Reason, said: str, broken_server: UnboundServer
) -> None:
    """RFC 4035 §5.5: data that should be signed and is not is never handed out."""
    report = await verify(broken_server, f"{name}:5080")
    assert report.reason is reason, report.summary
    assert report.outcome is Outcome.INCONCLUSIVE
    assert name in report.summary
    assert said in report.summary


# A port in the target


async def test_a_port_means_the_address_and_not_the_srv_records(
    unbound_factory: Callable[..., UnboundServer], udp_peer_factory: UdpPeers
) -> None:
    """§4.2."""
    own, by_srv = udp_peer_factory(answer), udp_peer_factory(answer)
    server = unbound_factory(
        f"carrier IN A 127.0.0.1\n_sip._udp.carrier IN SRV 1 1 {by_srv.port} carrier",
    )
    report = await verify(server, f"carrier.example:{own.port}")
    assert report.reason is Reason.ALIVE
    assert edges(report) == [f"127.0.0.1:{own.port}/udp"]
    assert sorted(asked(report)) == ["DNS A carrier.example", "DNS AAAA carrier.example"]
    assert by_srv.received == []
    assert codes(report) == set()


@pytest.mark.parametrize("port", [5060, 5061])
async def test_a_usual_port_gives_way_where_there_is_only_srv(
    port: int, unbound_factory: Callable[..., UnboundServer], udp_peer_factory: UdpPeers
) -> None:
    peer = udp_peer_factory(answer)
    server = unbound_factory(f"_sip._udp.carrier IN SRV 1 1 {peer.port} a.carrier\na.carrier IN A 127.0.0.1")
    report = await verify(server, f"carrier.example:{port}", transport=UDP)
    assert report.reason is Reason.ALIVE, report.summary
    assert edges(report) == [f"127.0.0.1:{peer.port}/udp"]
    assert codes(report) == {WarningCode.PORT_SUPPRESSES_SRV}


# Part of the answer, one family, other letters


async def test_a_lost_srv_target_is_a_warning(
    unbound_factory: Callable[..., UnboundServer], udp_peer_factory: UdpPeers
) -> None:
    peer = udp_peer_factory(answer)
    server = unbound_factory(
        f"""
_sip._udp.carrier IN SRV 1 1 5060 gone
_sip._udp.carrier IN SRV 2 1 {peer.port} a.carrier
a.carrier IN A 127.0.0.1
"""
    )
    report = await verify(server, "carrier.example", transport=UDP)
    assert report.reason is Reason.ALIVE, report.summary
    assert codes(report) == {WarningCode.DNS_PARTIAL}
    assert "gone.example" in report.warnings[0].detail


async def test_a_name_with_ipv6_alone(
    unbound_factory: Callable[..., UnboundServer], udp_peer_factory: UdpPeers
) -> None:
    peer = udp_peer_factory(answer, address="::1")
    server = unbound_factory(f"_sip._udp.carrier IN SRV 1 1 {peer.port} six\nsix IN AAAA ::1")
    report = await verify(server, "carrier.example")
    assert report.reason is Reason.ALIVE, report.summary
    assert edges(report) == [f"[::1]:{peer.port}/udp"]
    assert codes(report) == set()
    assert b"\r\nVia: SIP/2.0/UDP [::1]:" in peer.received[0].data


async def test_both_families_are_probed(
    unbound_factory: Callable[..., UnboundServer], udp_peer_factory: UdpPeers
) -> None:
    """RFC 7984 §4: A and AAAA both; here only IPv4 answers."""
    peer = udp_peer_factory(answer)
    server = unbound_factory("both IN A 127.0.0.1\nboth IN AAAA ::1")
    report = await verify(server, f"both.example:{peer.port}", transport=UDP)
    assert report.reason is Reason.ALIVE, report.summary
    assert set(edges(report)) == {f"[::1]:{peer.port}/udp", f"127.0.0.1:{peer.port}/udp"}
    assert codes(report) == {WarningCode.EDGE_DOWN}


@pytest.mark.parametrize("text", ["bücher.example", "BÜCHER.example", "xn--bcher-kva.example"])
async def test_an_international_name_goes_by_its_ascii_form(
    text: str, unbound_factory: Callable[..., UnboundServer], udp_peer_factory: UdpPeers
) -> None:
    """RFC 5891: the wire, DNS's and SIP's, carries the A-label (RFC 3261 §19.1.2 knows no other)."""
    peer = udp_peer_factory(answer)
    server = unbound_factory(
        f"_sip._udp.xn--bcher-kva IN SRV 1 1 {peer.port} a.xn--bcher-kva\na.xn--bcher-kva IN A 127.0.0.1"
    )
    report = await verify(server, text)
    assert report.reason is Reason.ALIVE, report.summary
    assert peer.received[0].data.startswith(b"OPTIONS sip:xn--bcher-kva.example SIP/2.0\r\n")
