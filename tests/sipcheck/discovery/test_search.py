"""Which ways to a carrier answer: found by DNS and by SIP's own ports, guarded, paced, and never with credentials."""

import random
import socket
from collections.abc import Awaitable, Callable, Collection
from contextlib import ExitStack, closing
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from sipcheck import (
    Discovery,
    Engine,
    EngineSettings,
    Finding,
    Guard,
    Outcome,
    Reason,
    Report,
    SettingInvalid,
    TransportName,
    discover,
    parse_target,
    with_discovery,
)
from sipcheck.carrier.faults import Fault
from sipcheck.carrier.server import ALL_TRANSPORTS, PracticeCarrier
from sipcheck.discovery.address_pace import BURST_REQUESTS, REQUESTS_PER_SECOND, AddressPace, transmissions
from sipcheck.discovery.candidates import MAX_CANDIDATES, FoundBy
from tests.peers.certificates import CertificateKind, Certificates
from tests.peers.dns_server import DnsServer
from tests.peers.dns_server import Fault as DnsFault
from tests.peers.kamailio import PASSWORD, Kamailio
from tests.peers.sip_reply import reply_to
from tests.peers.tls_server import TlsServer
from tests.peers.udp_peer import UdpPeer, silent
from tests.sipcheck.conftest import ALICE, LOOPBACK
from tests.sipcheck.provoked.spoken import assert_spoken

DOMAIN = "practice.example"
UDP, TCP, TLS = TransportName.UDP, TransportName.TCP, TransportName.TLS
SIP_PORTS = [(5060, UDP), (5060, TCP), (5061, TLS), (5060, TLS), (5061, UDP), (5061, TCP)]

Search = Callable[..., Awaitable[Discovery]]
VerifyAndSearch = Callable[..., Awaitable[Report]]


@pytest.fixture
def address() -> str:
    """Give an address of loopback on which nobody else holds SIP's ports."""
    while True:
        found = f"127.{random.randint(1, 254)}.{random.randint(0, 255)}.{random.randint(1, 254)}"
        try:
            with ExitStack() as stack:
                for port in (5060, 5061):
                    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                        stack.enter_context(closing(socket.socket(socket.AF_INET, kind))).bind((found, port))
        except OSError:
            continue
        return found


def practice(
    address: str, *faults: Fault, transports: Collection[TransportName] = ALL_TRANSPORTS
) -> PracticeCarrier:
    return PracticeCarrier(host=address, port=5060, tls_port=5061, faults=faults, transports=transports)


def _settings(settings: EngineSettings | None, dns: DnsServer | None, ca_file: Path | None) -> EngineSettings:
    settings = settings or EngineSettings(guard=LOOPBACK)
    return replace(settings, ca_file=ca_file, nameservers=(dns.address,) if dns else ())


@pytest.fixture
def search() -> Search:
    """Search with an engine of the test's own."""

    async def run(
        target: str = DOMAIN,
        *,
        dns: DnsServer | None = None,
        ca_file: Path | None = None,
        settings: EngineSettings | None = None,
        outbound_proxy: str | None = None,
        timeout_seconds: float = 2.0,
        **options: Any,
    ) -> Discovery:
        async with Engine(_settings(settings, dns, ca_file)) as engine:
            parsed = parse_target(target, outbound_proxy=outbound_proxy)
            return await discover(parsed, engine, timeout_seconds=timeout_seconds, **options)

    return run


@pytest.fixture
def verify_and_search() -> VerifyAndSearch:
    """Verify, then search where something stood in the way."""

    async def run(
        target: str = DOMAIN,
        *,
        dns: DnsServer | None = None,
        ca_file: Path | None = None,
        transport: TransportName | None = None,
        settings: EngineSettings | None = None,
        **options: Any,
    ) -> Report:
        async with Engine(_settings(settings, dns, ca_file)) as engine:
            parsed = parse_target(target, transport=transport)
            report = await engine.verify(parsed, timeout_seconds=1.0, **options)
            found = await with_discovery(report, parsed, engine, timeout_seconds=2.0)
            kept = replace(found, advice=report.advice, sentences=report.sentences, knocks=report.knocks)
            assert kept == report
            assert found.sentences[0] == report.sentences[0]
            assert_spoken(found)
            assert found.knocks >= report.knocks
            return found

    return run


def ways(discovery: Discovery) -> list[tuple[int, str]]:
    return [(each.report.port, each.report.transport) for each in discovery.findings]


def by_edge(discovery: Discovery) -> dict[str, Finding]:
    return {finding.edge: finding for finding in discovery.findings}


def names(findings: Collection[Finding]) -> list[str]:
    return [finding.edge for finding in findings]


async def test_the_domain_s_addresses_are_asked_at_both_ports_by_every_transport(
    address: str, search: Search, dns_server_factory: Callable[..., DnsServer]
) -> None:
    dns = dns_server_factory(f"{DOMAIN}. A {address}")
    async with practice(address) as carrier:
        discovery = await search(dns=dns, ca_file=carrier.ca_file)
        sightings = tuple(carrier.seen)
    assert ways(discovery) == SIP_PORTS
    assert {finding.via for finding in discovery.findings} == {FoundBy.DEFAULT}
    assert names(discovery.answering) == names(discovery.working)
    assert names(discovery.working) == [f"{address}:5060/udp", f"{address}:5060/tcp", f"{address}:5061/tls"]
    working = discovery.working[0].report
    assert (working.outcome, working.sip_status) == (Outcome.VERIFIED, 200)
    assert working.rtt_ms is not None
    # The way that RFC 3263 §4.1 takes for a bare domain without SRV records.
    assert [finding.edge for finding in discovery.findings if finding.configured] == [f"{address}:5060/udp"]
    assert [sighting.method for sighting in sightings] == ["OPTIONS"] * 3
    assert not any(sighting.authorized for sighting in sightings)
    assert discovery.failure is None
    assert discovery.notes == ()


async def test_ways_that_fail_say_why(
    address: str, search: Search, dns_server_factory: Callable[..., DnsServer]
) -> None:
    dns = dns_server_factory(f"{DOMAIN}. A {address}")
    async with practice(address, Fault.EXPIRED_CERTIFICATE) as carrier:
        found = by_edge(await search(dns=dns, ca_file=carrier.ca_file))
    expired = found[f"{address}:5061/tls"].report
    assert expired.reason is Reason.TLS_EXPIRED
    assert expired.certificate is not None
    assert "expired" in str(expired.certificate.error)
    assert found[f"{address}:5060/tls"].report.reason is not None
    assert found[f"{address}:5061/udp"].report.reason is Reason.CONNECTION_REFUSED  # ICMP, RFC 3261 §18.4
    assert "refused" in found[f"{address}:5061/udp"].detail


async def test_srv_leads_elsewhere_for_each_transport(
    search: Search,
    udp_peer_factory: Callable[..., UdpPeer],
    tls_server_factory: Callable[..., TlsServer],
    dns_server_factory: Callable[..., DnsServer],
    certificates: Certificates,
) -> None:
    datagrams = udp_peer_factory(lambda request: [reply_to(request)])
    secure = tls_server_factory(certificate=certificates[CertificateKind.GOOD])
    zone = [
        # NAPTR names udp alone; the SRV records of tls are asked for all the same.
        'carrier.example. NAPTR 1 1 "s" "SIP+D2U" "" _sip._udp.carrier.example.',
        f"_sip._udp.carrier.example. SRV 1 0 {datagrams.port} edge.carrier.example.",
        f"_sips._tcp.carrier.example. SRV 1 0 {secure.port} edge.carrier.example.",
        "edge.carrier.example. A 127.0.0.1",
    ]
    discovery = await search(
        "carrier.example", dns=dns_server_factory("\n".join(zone)), ca_file=certificates.ca_file
    )
    found = [(each.edge, each.via, each.configured) for each in discovery.findings if each.via is FoundBy.SRV]
    assert found == [
        (f"127.0.0.1:{datagrams.port}/udp", FoundBy.SRV, True),
        (f"127.0.0.1:{secure.port}/tls", FoundBy.SRV, False),
    ]
    assert {f"127.0.0.1:{datagrams.port}/udp", f"127.0.0.1:{secure.port}/tls"} <= set(
        names(discovery.working)
    )
    # The certificate names the domain, which is the name that counts (RFC 5922 §4), and so does the SNI.
    assert [connection.server_name for connection in secure.wait_for_ended(1)] == ["carrier.example"]
    assert datagrams.received[0].data.startswith(b"OPTIONS sip:carrier.example SIP/2.0\r\n")
    # The domain has no address of its own: its servers are asked at SIP's ports.
    assert [way for way in ways(discovery) if way in SIP_PORTS] == SIP_PORTS


async def test_two_addresses(
    address: str, search: Search, dns_server_factory: Callable[..., DnsServer]
) -> None:
    dead = f"{address.rpartition('.')[0]}.255"
    dns = dns_server_factory(f"{DOMAIN}. A {dead}\n{DOMAIN}. A {address}")
    async with practice(address, transports=[UDP]):
        discovery = await search(dns=dns)
    assert len(discovery.findings) == 2 * len(SIP_PORTS)
    assert names(discovery.working) == [f"{address}:5060/udp"]


async def test_also_tries_a_port_by_every_transport(
    search: Search, udp_peer_factory: Callable[..., UdpPeer], dns_server_factory: Callable[..., DnsServer]
) -> None:
    peer = udp_peer_factory(lambda request: [reply_to(request, 403, "Forbidden")])
    discovery = await search(dns=dns_server_factory(f"{DOMAIN}. A 127.0.0.1"), also=[peer.port, peer.port])
    also = [finding for finding in discovery.findings if finding.via is FoundBy.ALSO]
    assert [(each.report.port, each.report.transport) for each in also] == [
        (peer.port, transport) for transport in TransportName
    ]
    assert f"127.0.0.1:{peer.port}/udp" in names(
        discovery.working
    )  # any final answer (docs/design/sip.md, "Liveness")
    # As the trunk would speak that is set to this port.
    assert peer.received[0].data.startswith(f"OPTIONS sip:{DOMAIN}:{peer.port} SIP/2.0".encode())


async def test_the_port_of_the_target_is_one_of_the_ways(
    search: Search, udp_peer_factory: Callable[..., UdpPeer]
) -> None:
    peer = udp_peer_factory(lambda request: [reply_to(request)])
    discovery = await search(f"127.0.0.1:{peer.port}")
    marked = [(each.edge, each.via) for each in discovery.findings if each.configured]
    assert marked == [(f"127.0.0.1:{peer.port}/udp", FoundBy.CONFIGURED)]
    assert f"127.0.0.1:{peer.port}/udp" in names(discovery.working)


async def test_an_outbound_proxy_is_searched_in_the_domain_s_place(address: str, search: Search) -> None:
    async with practice(address, transports=[UDP]) as carrier:
        discovery = await search("carrier.example", outbound_proxy=f"{address}:5080")
        assert len(carrier.seen) == 1
    assert names(discovery.working) == [f"{address}:5060/udp"]
    assert [each.edge for each in discovery.findings if each.configured] == [f"{address}:5080/udp"]


async def test_sips_never_falls_back(address: str, search: Search) -> None:
    """RFC 3261 §26.2.2."""
    async with practice(address) as carrier:
        discovery = await search(f"sips:{address}", ca_file=carrier.ca_file)
        assert {sighting.transport for sighting in carrier.seen} == {TLS}
    assert {transport for _, transport in ways(discovery)} == {TLS}
    assert names(discovery.working) == [f"{address}:5061/tls"]
    assert "sips" in discovery.notes[0]


async def test_an_answer_that_is_no_sign_of_life_is_an_answer(address: str, search: Search) -> None:
    async with practice(address, Fault.SERVICE_UNAVAILABLE, transports=[UDP]):
        discovery = await search(address)
    assert names(discovery.answering) == [f"{address}:5060/udp"]
    assert discovery.working == ()
    assert discovery.answering[0].report.reason is Reason.SIP_SERVICE_UNAVAILABLE


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("{domain}. A 10.0.0.1", Reason.ADDRESS_FORBIDDEN),
        (
            "_sip._tcp.{domain}. SRV 1 0 5060 lab.{domain}.\nlab.{domain}. A 10.0.0.1",
            Reason.ADDRESS_FORBIDDEN,
        ),
        ("_sip._tcp.{domain}. SRV 1 0 6379 lab.{domain}.\nlab.{domain}. A 127.0.0.1", Reason.PORT_FORBIDDEN),
    ],
)
async def test_a_name_with_one_forbidden_address_fails_whole(
    record: str,
    reason: Reason,
    search: Search,
    udp_peer_factory: Callable[..., UdpPeer],
    dns_server_factory: Callable[..., DnsServer],
) -> None:
    """docs/design/sip.md, hazard 3: nothing is sent, also not to the address that is allowed."""
    peer = udp_peer_factory(lambda request: [reply_to(request)])
    zone = f"{DOMAIN}. A 127.0.0.1\n_sip._udp.{DOMAIN}. SRV 1 0 {peer.port} {DOMAIN}.\n{record.format(domain=DOMAIN)}"
    discovery = await search(dns=dns_server_factory(zone))
    assert discovery.failure is not None
    assert discovery.failure.reason is reason
    assert discovery.answering == ()
    refused = {each.report.reason for each in discovery.findings if each.report.outcome is not None}
    assert refused == {reason}
    assert peer.received == []


async def test_a_forbidden_port_of_also_is_refused_alone(
    search: Search, udp_peer_factory: Callable[..., UdpPeer]
) -> None:
    peer = udp_peer_factory(lambda request: [reply_to(request)])
    discovery = await search("127.0.0.1", also=[6379, peer.port])
    refused = [each for each in discovery.findings if each.report.port == 6379]
    assert [each.report.reason for each in refused] == [Reason.PORT_FORBIDDEN] * 3
    assert "Redis" in refused[0].detail
    assert f"127.0.0.1:{peer.port}/udp" in names(discovery.working)
    assert discovery.failure is None


async def test_an_allowance_for_an_address_says_nothing_about_others(
    address: str, search: Search, dns_server_factory: Callable[..., DnsServer]
) -> None:
    settings = EngineSettings(guard=Guard(allow_networks=(ip_network("127.255.255.254/32"),)))
    async with practice(address) as carrier:
        discovery = await search(dns=dns_server_factory(f"{DOMAIN}. A {address}"), settings=settings)
        assert len(carrier.seen) == 0
    assert discovery.failure is not None
    assert discovery.failure.reason is Reason.ADDRESS_FORBIDDEN


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(DnsFault.SERVFAIL, Reason.DNS_SERVFAIL), (DnsFault.NXDOMAIN, Reason.DNS_NXDOMAIN)],
)
async def test_dns_that_leads_nowhere(
    fault: DnsFault, reason: Reason, search: Search, dns_server_factory: Callable[..., DnsServer]
) -> None:
    discovery = await search(dns=dns_server_factory("", faults={("*", "*"): fault}))
    assert discovery.findings == ()
    assert discovery.failure is not None
    assert discovery.failure.reason is reason


async def test_a_question_that_stays_unanswered_is_noted(
    address: str, search: Search, dns_server_factory: Callable[..., DnsServer]
) -> None:
    faults = {(f"_sip._tcp.{DOMAIN}", "SRV"): DnsFault.SERVFAIL}
    discovery = await search(dns=dns_server_factory(f"{DOMAIN}. A {address}", faults=faults))
    assert len(discovery.findings) == len(SIP_PORTS)
    assert any(f"_sip._tcp.{DOMAIN}" in note for note in discovery.notes)


async def test_the_number_of_ways_is_bounded(
    search: Search, dns_server_factory: Callable[..., DnsServer]
) -> None:
    zone = "\n".join(f"{DOMAIN}. A 127.9.9.{number}" for number in range(1, 31))
    discovery = await search(dns=dns_server_factory(zone))
    assert len(discovery.findings) == MAX_CANDIDATES
    assert any(str(MAX_CANDIDATES) in note for note in discovery.notes)


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
async def test_a_timeout_that_is_none(seconds: float, search: Search) -> None:
    with pytest.raises(SettingInvalid, match="positive"):
        await search("127.0.0.1", timeout_seconds=seconds)


async def test_silence_is_asked_no_faster_than_the_pace(
    search: Search, udp_peer_factory: Callable[..., UdpPeer]
) -> None:
    """docs/design/sip.md, hazard 1: 8 at once and 4 a second, retransmissions included, whatever there is to ask."""
    peers = [udp_peer_factory(silent) for _ in range(8)]
    ports = {peer.port for peer in peers}
    discovery = await search("127.0.0.1", also=sorted(ports), timeout_seconds=2.0)
    asked = [each for each in discovery.findings if each.report.outcome is not None]
    datagrams = sum(len(peer.received) for peer in peers)
    silent_ones = [each for each in asked if each.report.transport == UDP and each.report.port in ports]
    assert len(silent_ones) < datagrams  # something was sent again
    assert datagrams + len(asked) - len(silent_ones) <= BURST_REQUESTS + REQUESTS_PER_SECOND * 2.0
    assert {each.report.reason for each in silent_ones} <= {Reason.NO_RESPONSE, Reason.DEADLINE_EXCEEDED}
    assert len(asked) < len(discovery.findings)
    assert any("allow more time" in note for note in discovery.notes)


@pytest.mark.parametrize(
    ("window_seconds", "reliable", "moments"),
    [
        (3.0, False, (0.0, 0.5, 1.5)),
        (0.4, False, (0.0,)),
        (9.0, False, (0.0, 0.5, 1.5, 3.5, 7.5)),
        (9.0, True, (0.0,)),
    ],
)
def test_when_a_silent_request_is_sent(
    window_seconds: float, reliable: bool, moments: tuple[float, ...]
) -> None:
    """RFC 3261 §17.1.2.2: Timer E doubles up to T2."""
    assert transmissions(window_seconds, reliable=reliable) == moments


def test_the_bucket() -> None:
    pace = AddressPace()
    starts = [pace.book(100.0)[0] for _ in range(12)]
    assert starts == [100.0] * 8 + [100.25, 100.5, 100.75, 101.0]
    pace.release([100.25])
    assert pace.book(100.0) == (100.25,)
    assert pace.book(200.0) == (200.0,)


def test_retransmissions_are_booked_ahead() -> None:
    pace = AddressPace()
    offsets = transmissions(3.0, reliable=False)
    booked = [moment for _ in range(8) for moment in pace.book(0.0, offsets)]
    for start in booked:
        for end in booked:
            count = sum(start <= moment <= end for moment in booked)
            assert count <= BURST_REQUESTS + REQUESTS_PER_SECOND * max(0.0, end - start)


def test_what_was_sent_before_is_owed() -> None:
    pace = AddressPace([99.9] * 20)
    (moment,) = pace.book(100.0)
    assert moment == pytest.approx(103.25)  # 13 owed at 99.9, of which each takes a quarter of a second


async def test_the_advice_names_what_would_work(
    address: str, verify_and_search: VerifyAndSearch, dns_server_factory: Callable[..., DnsServer]
) -> None:
    """docs/design/command-line.md, "Other commands"; the password given for the verification goes nowhere else."""
    dns = dns_server_factory(f"{DOMAIN}. A {address}")
    async with practice(address, transports=[UDP]) as carrier:
        report = await verify_and_search(dns=dns, transport=TLS, credentials=ALICE)
        sightings = tuple(carrier.seen)
    assert (report.outcome, report.reason) == (Outcome.FAILED, Reason.CONNECTION_REFUSED)
    assert "udp 5060 answers; the trunk is set to tls 5061" in report.advice
    assert "Check the port" in report.advice
    assert [(sighting.method, sighting.authorized) for sighting in sightings] == [("OPTIONS", False)]


async def test_the_advice_names_the_host_that_srv_leads_to(
    verify_and_search: VerifyAndSearch,
    kamailio_factory: Callable[..., Kamailio],
    dns_server_factory: Callable[..., DnsServer],
    address: str,
) -> None:
    registrar = kamailio_factory()
    zone = [
        f"carrier.example. A {address}",
        f"_sip._tcp.carrier.example. SRV 1 0 {registrar.port} edge.carrier.example.",
        "edge.carrier.example. A 127.0.0.1",
    ]
    report = await verify_and_search(
        "carrier.example", dns=dns_server_factory("\n".join(zone)), transport=UDP, credentials=ALICE
    )
    assert (
        f"tcp {registrar.port} at edge.carrier.example answers; the trunk is set to udp 5060" in report.advice
    )
    assert registrar.requests_seen(credentials=True) == ()
    assert {request.method for request in registrar.requests_seen()} == {"OPTIONS"}
    assert PASSWORD not in registrar.log()


async def test_nothing_else_answers(address: str, verify_and_search: VerifyAndSearch) -> None:
    report = await verify_and_search(address)
    assert report.reason is Reason.CONNECTION_REFUSED
    assert report.advice.endswith("Nothing else answers either.")


async def test_an_outage_elsewhere_is_told_as_one(address: str, verify_and_search: VerifyAndSearch) -> None:
    async with practice(address, Fault.SERVICE_UNAVAILABLE, transports=[UDP]):
        report = await verify_and_search(f"{address}", transport=TCP)
    assert report.advice.startswith(
        "Elsewhere, udp 5060 (with 503 Service Unavailable) answers; the trunk is set to tcp 5060."
    )


async def test_what_the_verification_asked_is_not_asked_again(
    verify_and_search: VerifyAndSearch, udp_peer_factory: Callable[..., UdpPeer]
) -> None:
    peer = udp_peer_factory(silent)
    report = await verify_and_search(f"127.0.0.1:{peer.port}")
    assert report.reason is Reason.NO_RESPONSE
    sent = sum(step.direction == "sent" for step in report.trace)
    assert len(peer.received) == sent


@pytest.mark.parametrize(
    ("zone", "faults", "reason", "said"),
    [
        ("", {}, Reason.DNS_NXDOMAIN, "nothing else to try"),
        (
            "{domain}. A {address}\n_sip._tcp.{domain}. SRV 0 0 0 .",
            {},
            Reason.DNS_SERVICE_REFUSED,
            "udp 5060 at practice.example answers; by its present setting DNS leads it nowhere",
        ),
    ],
)
async def test_dns_in_the_way(
    zone: str,
    faults: dict[tuple[str, str], DnsFault],
    reason: Reason,
    said: str,
    address: str,
    verify_and_search: VerifyAndSearch,
    dns_server_factory: Callable[..., DnsServer],
) -> None:
    dns = dns_server_factory(zone.format(domain=DOMAIN, address=address), faults=faults)
    async with practice(address, transports=[UDP]):
        report = await verify_and_search(dns=dns, transport=TCP)
    assert report.reason is reason
    assert said in report.advice


async def test_a_forbidden_address_among_the_other_ways_is_told(
    address: str, verify_and_search: VerifyAndSearch, dns_server_factory: Callable[..., DnsServer]
) -> None:
    zone = f"{DOMAIN}. A {address}\n_sip._udp.{DOMAIN}. SRV 1 0 5060 lab.{DOMAIN}.\nlab.{DOMAIN}. A 10.0.0.1"
    async with practice(address, transports=[UDP]) as carrier:
        report = await verify_and_search(f"{DOMAIN}:5061", dns=dns_server_factory(zone), transport=TLS)
        assert len(carrier.seen) == 0
    assert report.reason is Reason.CONNECTION_REFUSED
    assert "Nothing else was tried: 10.0.0.1 is private" in report.advice


@pytest.mark.parametrize(
    ("faults", "guard", "reason"),
    [
        ((), LOOPBACK, Reason.ALIVE),
        ((Fault.SIP_FORBIDDEN,), LOOPBACK, Reason.SIP_FORBIDDEN),
        ((Fault.SERVICE_UNAVAILABLE,), LOOPBACK, Reason.SIP_SERVICE_UNAVAILABLE),
        ((), Guard(), Reason.ADDRESS_FORBIDDEN),
    ],
)
async def test_other_verdicts_are_left_alone(
    faults: tuple[Fault, ...], guard: Guard, reason: Reason, address: str, verify_and_search: VerifyAndSearch
) -> None:
    async with practice(address, *faults) as carrier:
        report = await verify_and_search(address, transport=UDP, settings=EngineSettings(guard=guard))
        assert {sighting.transport for sighting in carrier.seen} <= {UDP}
        assert len(carrier.seen) == (0 if reason is Reason.ADDRESS_FORBIDDEN else 1)
    assert report.reason is reason
    assert "answer either" not in report.advice


@pytest.mark.parametrize(("status", "knocks"), [(200, 0), (401, 1), (403, 1), (407, 1), (404, 0), (None, 1)])
async def test_what_a_search_costs_at_a_guard(
    status: int | None, knocks: int, udp_peer_factory: Callable[..., UdpPeer], search: Search
) -> None:
    peer = udp_peer_factory(silent if status is None else lambda request: [reply_to(request, status)])
    discovery = await search(target=f"127.0.0.1:{peer.port}", timeout_seconds=1.0)
    finding = by_edge(discovery)[f"127.0.0.1:{peer.port}/udp"]
    assert finding.knocks == knocks
    assert discovery.knocks == sum(each.knocks for each in discovery.findings)
