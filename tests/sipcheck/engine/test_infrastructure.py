"""What a run says of the voice infrastructure's own way, beside a verdict that stays what it is."""

import ssl
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from sipcheck import EngineSettings, Report, TransportName, WarningCode
from sipcheck.settings import Infrastructure
from tests.peers.certificates import CertificateKind, Certificates
from tests.peers.dns_server import DnsServer
from tests.peers.sip_reply import reply_to
from tests.peers.tls_server import TlsServer
from tests.peers.udp_peer import UdpPeer, silent
from tests.sipcheck.conftest import ALICE, LOOPBACK, Verify

PLAIN = EngineSettings(guard=LOOPBACK)
AS_LIVEKIT = replace(PLAIN, infrastructure=Infrastructure.LIVEKIT)
RESOLVES = WarningCode.INFRASTRUCTURE_RESOLVES_DIFFERENTLY
ANSWERS = WarningCode.INFRASTRUCTURE_CANNOT_ANSWER
REFUSES = WarningCode.INFRASTRUCTURE_REFUSES_CERTIFICATE

Script = Callable[[bytes], Sequence[bytes]]


def alive(request: bytes) -> Sequence[bytes]:
    return [reply_to(request)]


def registrar(*challenges: str) -> Script:
    """Challenge REGISTER with these, and take any answer."""

    def answer(request: bytes) -> Sequence[bytes]:
        if request.startswith(b"OPTIONS") or b"\r\nAuthorization:" in request:
            return [reply_to(request)]
        headers = [("WWW-Authenticate", each) for each in challenges]
        return [reply_to(request, 401, "Unauthorized", headers=headers)]

    return answer


def said(report: Report, code: WarningCode) -> list[str]:
    return [warning.detail for warning in report.warnings if warning.code is code]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (
            "_sip._udp.x.example. SRV 1 0 {port} e.example.\ne.example. A 127.0.0.1",
            "would send calls to itself",
        ),
        (
            "_sip._udp.x.example. SRV 1 0 {port} e.example.\ne.example. A 127.0.0.1\nx.example. A 127.0.0.1",
            "calls to 127.0.0.1:5060/udp, which is none of the ways",
        ),
    ],
)
async def test_a_way_that_calls_do_not_go(
    zone: str,
    expected: str,
    udp_peer_factory: Callable[..., UdpPeer],
    dns_server_factory: Callable[..., DnsServer],
    verify: Verify,
) -> None:
    peer = udp_peer_factory(alive)
    dns = dns_server_factory(zone.format(port=peer.port))
    report = await verify("x.example", dns=dns, settings=AS_LIVEKIT, transport=TransportName.UDP)
    plain = await verify("x.example", dns=dns, settings=PLAIN, transport=TransportName.UDP)
    (detail,) = said(report, RESOLVES)
    assert expected in detail
    assert (report.outcome, report.reason) == (plain.outcome, plain.reason)
    assert not said(plain, RESOLVES)


async def test_a_name_that_calls_find_and_rfc_3263_does_not(
    dns_server_factory: Callable[..., DnsServer], verify: Verify
) -> None:
    dns = dns_server_factory("_sip._udp.x.example. SRV 0 0 0 .\nx.example. A 127.0.0.1")
    report = await verify("x.example", dns=dns, settings=AS_LIVEKIT, transport=TransportName.UDP)
    (detail,) = said(report, RESOLVES)
    assert "calls to 127.0.0.1:5060/udp, while the way that RFC 3263 asks for leads nowhere" in detail


async def test_the_first_of_two_addresses_is_dead(
    udp_peer_factory: Callable[..., UdpPeer], dns_server_factory: Callable[..., DnsServer], verify: Verify
) -> None:
    living = udp_peer_factory(alive)
    for zone, expected in [
        (
            "x.example. A 127.0.0.2\nx.example. A 127.0.0.1",
            ["to no other address, and that one is of no use"],
        ),
        ("x.example. A 127.0.0.1\nx.example. A 127.0.0.2", []),
    ]:
        dns = dns_server_factory(zone)
        with UdpPeer(silent, address="127.0.0.2", port=living.port):
            report = await verify(f"x.example:{living.port}", dns=dns, settings=AS_LIVEKIT, timeout_seconds=3)
        assert [each.partition(" and ")[2] for each in said(report, RESOLVES)] == expected


async def test_what_was_asked_already_is_not_asked_again(
    udp_peer_factory: Callable[..., UdpPeer], dns_server_factory: Callable[..., DnsServer], verify: Verify
) -> None:
    peer, dns = udp_peer_factory(alive), dns_server_factory("x.example. A 127.0.0.1")
    report = await verify(f"x.example:{peer.port}", dns=dns, settings=AS_LIVEKIT)
    assert not said(report, RESOLVES)
    assert [(each.record_type, each.name) for each in dns.queries].count(("A", "x.example")) == 1


@pytest.mark.parametrize("windowed", [False, True])
@pytest.mark.parametrize(
    ("challenges", "expected"),
    [
        (['Digest realm="r", nonce="n"'], None),
        (
            ['Digest realm="r", nonce="n", algorithm=MD5-sess, qop="auth"'],
            "does not know its algorithm, MD5-sess",
        ),
        (['Basic realm="r"', 'Digest realm="r", nonce="n"'], "this one is Basic"),
        (['digest realm="r", nonce="n"'], "only where it is written so"),
    ],
)
async def test_a_challenge_that_calls_cannot_answer(
    challenges: list[str],
    expected: str | None,
    udp_peer_factory: Callable[..., UdpPeer],
    verify: Verify,
) -> None:
    peer = udp_peer_factory(registrar(*challenges))
    target = f"127.0.0.1:{peer.port}"
    report = await verify(target, settings=AS_LIVEKIT, credentials=ALICE)
    assert report.reason == "credentials-proven"
    assert [expected in each for each in said(report, ANSWERS) if expected] == ([True] if expected else [])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (CertificateKind.GOOD, []),
        (CertificateKind.COMMON_NAME_ONLY, ["is its common name alone"]),
        (CertificateKind.SAN_URI, ["none is carrier.example"]),
    ],
)
async def test_a_certificate_that_calls_refuse(
    kind: CertificateKind,
    expected: list[str],
    tls_server_factory: Callable[..., TlsServer],
    dns_server_factory: Callable[..., DnsServer],
    certificates: Certificates,
    verify: Verify,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = tls_server_factory(certificate=certificates[kind])
    dns = dns_server_factory("carrier.example. A 127.0.0.1")
    target = f"carrier.example:{server.port}"

    async def check() -> Report:
        return await verify(
            target,
            dns=dns,
            transport=TransportName.TLS,
            ca_file=certificates.ca_file,
            settings=AS_LIVEKIT,
        )

    of_ours = "only the CA file here vouches for its root"
    for found, wanted in zip(said(await check(), REFUSES), [*expected, of_ours], strict=True):
        assert wanted in found
    # Where the system trusts it as well, the root is none of ours alone.
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca_file))
    for found, wanted in zip(said(await check(), REFUSES), expected, strict=True):
        assert wanted in found
    assert ssl.get_default_verify_paths().cafile == str(certificates.ca_file)
