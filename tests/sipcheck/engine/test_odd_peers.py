"""What a peer may send instead of an answer, and what the verdict is then."""

import asyncio
from collections.abc import Callable, Sequence
from ipaddress import ip_network

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sipcheck import (
    CredentialState,
    EngineSettings,
    Guard,
    Outcome,
    Reason,
    Report,
    TransportName,
    WarningCode,
    parse_target,
)
from sipcheck.engine import Engine
from tests.fuzzing import examples
from tests.peers.dns_server import DnsServer
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import Reply, UdpPeer, silent
from tests.sipcheck.conftest import ALICE, LOOPBACK, Verify

Script = Callable[[bytes], Sequence[bytes | Reply]]

CHALLENGE = ("WWW-Authenticate", 'Digest realm="carrier.example", nonce="n", qop="auth", algorithm=MD5')


def method_of(request: bytes) -> bytes:
    return request.split(b" ", 1)[0]


def answers(options: int | None, register: int | None, *headers: tuple[str, str]) -> Script:
    """Answer each method with a status, or not at all; the headers go with REGISTER's."""

    def script(request: bytes) -> list[bytes]:
        status = options if method_of(request) == b"OPTIONS" else register
        extra = headers if method_of(request) == b"REGISTER" else ()
        return [] if status is None else [reply_to(request, status, "Phrase", headers=extra)]

    return script


@pytest.fixture
def check(udp_peer_factory: Callable[..., UdpPeer], verify: Verify) -> Callable[..., object]:
    async def run(script: Script, **options: object) -> Report:
        peer = udp_peer_factory(script)
        options.setdefault("timeout_seconds", 2)
        return await verify(f"127.0.0.1:{peer.port}", transport=TransportName.UDP, **options)

    return run


Check = Callable[..., "asyncio.Future[Report]"]


@pytest.mark.parametrize(
    ("script", "reason", "warning"),
    [
        (answers(200, 200), Reason.ALIVE_CREDENTIALS_UNPROVEN, None),
        (answers(200, 405), Reason.ALIVE_CREDENTIALS_UNPROVEN, WarningCode.REGISTER_REFUSED),
        (answers(200, None), Reason.ALIVE_CREDENTIALS_UNPROVEN, WarningCode.REGISTER_IGNORED),
        (answers(None, 403), Reason.ALIVE_CREDENTIALS_UNPROVEN, WarningCode.OPTIONS_IGNORED),
        (answers(403, 403), Reason.SIP_FORBIDDEN, None),
        (answers(200, 302), Reason.SIP_REDIRECTED, None),
        (answers(200, 503), Reason.SIP_SERVICE_UNAVAILABLE, None),
        (answers(200, 500), Reason.SIP_SERVER_ERROR, None),
        (answers(200, 408), Reason.SIP_REQUEST_TIMEOUT, None),
        (answers(400, None), Reason.SIP_BAD_REQUEST, None),
        (answers(200, 401, CHALLENGE), Reason.CREDENTIALS_REJECTED, None),
        (answers(200, 401, ("WWW-Authenticate", 'Basic realm="r"')), Reason.AUTH_SCHEME_UNSUPPORTED, None),
        (
            answers(200, 401, ("WWW-Authenticate", 'Digest realm="r", nonce="n", algorithm=SHA-1')),
            Reason.AUTH_ALGORITHM_UNSUPPORTED,
            None,
        ),
        (answers(200, 401, ("WWW-Authenticate", 'Digest realm="r')), Reason.AUTH_CHALLENGE_MALFORMED, None),
        (answers(200, 401), Reason.AUTH_CHALLENGE_MALFORMED, None),
        (
            answers(200, 401, ("WWW-Authenticate", 'Digest realm="r", nonce="n", stale=true')),
            Reason.AUTH_STALE_LOOP,
            None,
        ),
        (silent, Reason.NO_RESPONSE, None),
        (lambda _: [b"HTTP/1.1 400 Bad Request\r\n\r\n"], Reason.SIP_NOT_SPOKEN, None),
        (lambda _: [b"SIP/2.0 200 OK\r\n\r\n"], Reason.SIP_MALFORMED_RESPONSE, None),
        (
            lambda r: [reply_to(r) + b"x", b"\r\n\r\n"],
            Reason.ALIVE_CREDENTIALS_UNPROVEN,
            WarningCode.REPLY_DEFECTS,
        ),
        (
            lambda r: [reply_to(r).replace(b"Content-Length: 0", b"Content-Length: 9")],
            Reason.SIP_MALFORMED_RESPONSE,
            None,
        ),
        (
            lambda r: [
                reply_to(r).replace(b"\r\nVia:", b"\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\nVia:")
            ],
            Reason.NO_RESPONSE,  # the topmost branch is not ours
            None,
        ),
        (
            lambda r: [
                reply_to(r).replace(b"\r\nFrom:", b"\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\nFrom:")
            ],
            Reason.SIP_MALFORMED_RESPONSE,  # §8.1.3.3
            None,
        ),
        (lambda r: [reply_to(r, 100, "Trying")], Reason.NO_RESPONSE, None),
        (lambda r: [reply_to(r).replace(b";tag=", b";tag=other", 1)], Reason.NO_RESPONSE, None),
        (lambda r: [b"SIP/2.0 100 Trying\r\n\r\n", reply_to(r)], Reason.ALIVE_CREDENTIALS_UNPROVEN, None),
        (lambda r: [b"\x00" * 65000, reply_to(r)], Reason.ALIVE_CREDENTIALS_UNPROVEN, None),
    ],
)
async def test_with_credentials(
    script: Script, reason: Reason, warning: WarningCode | None, check: Check
) -> None:
    report = await check(script, credentials=ALICE)
    assert report.reason is reason, report.summary
    codes = {each.code for each in report.warnings} - {WarningCode.RETRANSMITTED}
    assert warning is None or warning in codes


@pytest.mark.parametrize(
    ("status", "outcome", "reason"),
    [
        (200, Outcome.VERIFIED, Reason.ALIVE),
        (404, Outcome.VERIFIED, Reason.ALIVE),
        (486, Outcome.VERIFIED, Reason.ALIVE),
        (501, Outcome.VERIFIED, Reason.ALIVE),
        (699, Outcome.VERIFIED, Reason.ALIVE),
        (403, Outcome.FAILED, Reason.SIP_FORBIDDEN),
        (407, Outcome.REACHABLE, Reason.CREDENTIALS_MISSING),
        (599, Outcome.INCONCLUSIVE, Reason.SIP_SERVER_ERROR),
    ],
)
async def test_without_credentials(status: int, outcome: Outcome, reason: Reason, check: Check) -> None:
    report = await check(answers(status, None))
    assert (report.outcome, report.reason) == (outcome, reason)
    assert report.credentials is CredentialState.NOT_TESTED


async def test_a_challenge_from_elsewhere_is_never_answered(
    udp_peer_factory: Callable[..., UdpPeer], verify: Verify
) -> None:
    """docs/design/sip.md, requirement 4: it counts for life, and gets no credentials."""
    peer = udp_peer_factory(
        lambda r: [
            Reply(data=reply_to(r, 401, "Unauthorized", headers=[CHALLENGE]), from_elsewhere="127.0.0.2")
        ]
    )
    report = await verify(f"127.0.0.1:{peer.port}", transport=TransportName.UDP, credentials=ALICE)
    assert report.reason is Reason.ALIVE_CREDENTIALS_UNPROVEN, report.summary
    assert WarningCode.RESPONSE_SOURCE_DIFFERS in {warning.code for warning in report.warnings}
    assert not any(b"Authorization" in datagram.data for datagram in peer.received)


@pytest.mark.parametrize("received", ["203.0.113.7", "::ffff:203.0.113.7"])
async def test_a_rewriting_nat_is_told(received: str, check: Check) -> None:
    """RFC 3581: received and rport compared with our own address."""

    def script(request: bytes) -> list[bytes]:
        return [reply_to(request).replace(b";rport;", b";rport=40000;received=%s;" % received.encode())]

    report = await check(script)
    assert report.edges[0].received_address == "203.0.113.7:40000"
    assert [warning.code for warning in report.warnings] == [WarningCode.NAT_REWRITE]


@pytest.mark.parametrize(
    "received", ["127.0.0.1", "::ffff:127.0.0.1", "[::FFFF:127.0.0.1]", "::ffff:7f00:1", "nat.example"]
)
async def test_our_own_address_in_another_spelling_is_no_nat(received: str, check: Check) -> None:
    """RFC 4291 §2.5.5.2: what a dual-stack peer calls ::ffff:127.0.0.1 is 127.0.0.1."""

    def script(request: bytes) -> list[bytes]:
        port = request.split(b"Via: SIP/2.0/UDP 127.0.0.1:")[1].split(b";")[0]
        noted = b";rport=%s;received=%s;" % (port, received.encode())
        return [reply_to(request).replace(b";rport;", noted)]

    report = await check(script)
    assert report.edges[0].received_address == report.edges[0].local_address
    assert report.warnings == ()


async def test_options_proves_what_register_does_not(check: Check, windowed: bool) -> None:
    """docs/design/command-line.md, `--proof auto`: OPTIONS is answered only when REGISTER was not challenged.

    The batch asks once more, the plain path does not.
    """
    seen: list[bytes] = []

    def script(request: bytes) -> list[bytes]:
        seen.append(request)
        if method_of(request) == b"REGISTER":
            return [reply_to(request, 405, "Method Not Allowed")]
        if b"Authorization:" in request:
            return [reply_to(request)]
        return [reply_to(request, 401, "Unauthorized", headers=[CHALLENGE])]

    report = await check(script, credentials=ALICE)
    assert report.reason is Reason.CREDENTIALS_PROVEN
    again = [b"OPTIONS"] * (2 if windowed else 1)
    assert [method_of(request) for request in seen] == [b"OPTIONS", b"REGISTER", *again]


async def test_both_hops_may_challenge(check: Check) -> None:
    """RFC 3261 §22.3: a proxy's 407 after the registrar's 401, each answered once."""

    def script(request: bytes) -> list[bytes]:
        if method_of(request) == b"OPTIONS":
            return [reply_to(request)]
        if b"\r\nProxy-Authorization:" not in request:
            proxy = ("Proxy-Authenticate", 'Digest realm="edge", nonce="p"')
            return [reply_to(request, 407, "Proxy Authentication Required", headers=[proxy])]
        if b"\r\nAuthorization:" not in request:
            return [reply_to(request, 401, "Unauthorized", headers=[CHALLENGE])]
        return [reply_to(request)]

    assert (await check(script, credentials=ALICE)).reason is Reason.CREDENTIALS_PROVEN


async def test_silence_after_an_answered_challenge_is_the_carriers_time_out(check: Check) -> None:
    def script(request: bytes) -> list[bytes]:
        if method_of(request) == b"OPTIONS":
            return [reply_to(request)]
        if b"Authorization:" in request:
            return []
        return [reply_to(request, 401, "Unauthorized", headers=[CHALLENGE])]

    report = await check(script, credentials=ALICE)
    assert (report.outcome, report.reason) == (Outcome.INCONCLUSIVE, Reason.SIP_REQUEST_TIMEOUT)
    assert report.credentials is CredentialState.UNPROVEN


async def test_what_withholds_the_credentials_is_the_verdict(check: Check) -> None:
    asked: list[str] = []

    async def hook(realm: str) -> Reason | None:
        asked.append(realm)
        return Reason.CREDENTIALS_FROZEN

    report = await check(answers(200, 401, CHALLENGE), credentials=ALICE, before_credentials=hook)
    assert report.reason is Reason.CREDENTIALS_FROZEN
    assert asked == ["carrier.example"]
    assert report.credentials is CredentialState.NOT_TESTED
    assert not any("Authorization" in step.text for step in report.trace if step.direction == "sent")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("127.0.0.1", Reason.ADDRESS_FORBIDDEN),
        ("[::ffff:127.0.0.1]", Reason.ADDRESS_FORBIDDEN),
        ("10.1.2.3", Reason.ADDRESS_FORBIDDEN),
        ("169.254.169.254", Reason.ADDRESS_FORBIDDEN),
    ],
)
async def test_a_forbidden_address_is_sent_nothing(text: str, reason: Reason) -> None:
    async with Engine() as engine:
        report = await engine.verify(parse_target(text))
    assert (report.outcome, report.reason) == (Outcome.FAILED, reason)
    assert not any(step.direction == "sent" for step in report.trace)
    assert report.edges[0].outcome is None


async def test_a_forbidden_address_behind_a_name_is_sent_nothing(
    udp_peer_factory: Callable[..., UdpPeer], dns_server_factory: Callable[..., DnsServer]
) -> None:
    """Hazard 3: a name with one forbidden address fails whole; here the peer itself says that nothing came."""
    peer = udp_peer_factory(silent)
    allowed = udp_peer_factory(silent, address="127.0.0.2")
    zone = "\n".join(
        [
            f"_sip._udp.carrier.example. SRV 1 0 {allowed.port} a.carrier.example.",
            f"_sip._udp.carrier.example. SRV 2 0 {peer.port} b.carrier.example.",
            "a.carrier.example. A 127.0.0.2",
            "b.carrier.example. A 127.0.0.1",
        ]
    )
    guard = Guard(allow_networks=(ip_network("127.0.0.2/32"),))
    dns = dns_server_factory(zone)
    async with Engine(EngineSettings(guard=guard, nameservers=(dns.address,))) as engine:
        report = await engine.verify(parse_target("carrier.example", transport=TransportName.UDP))
    assert report.reason is Reason.ADDRESS_FORBIDDEN
    assert "127.0.0.1" in report.summary
    assert peer.received == []
    assert allowed.received == []


async def test_a_forbidden_port_is_sent_nothing(udp_peer_factory: Callable[..., UdpPeer]) -> None:
    guard = Guard(allow_networks=(ip_network("127.0.0.0/8"),))
    async with Engine(EngineSettings(guard=guard)) as engine:
        report = await engine.verify(parse_target("127.0.0.1:6379", transport=TransportName.TCP))
    assert report.reason is Reason.PORT_FORBIDDEN


async def test_nobody_listens(verify: Verify, udp_peer_factory: Callable[..., UdpPeer]) -> None:
    """RFC 3261 §18.4: ICMP and TCP's refusal end it at once."""
    peer = udp_peer_factory(silent)
    peer.end()
    for transport in (TransportName.UDP, TransportName.TCP):
        report = await verify(f"127.0.0.1:{peer.port}", transport=transport)
        assert report.reason is Reason.CONNECTION_REFUSED, report.summary
        assert report.duration_ms < 5000


@settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(mutation=st.tuples(st.integers(0, 10_000), st.binary(max_size=40), st.integers(0, 60)))
def test_no_mutated_reply_raises(
    mutation: tuple[int, bytes, int], udp_peer_factory: Callable[..., UdpPeer]
) -> None:
    """docs/design/sip.md, requirement 25: always a verdict."""
    at, inserted, removed = mutation

    def script(request: bytes) -> list[bytes]:
        reply = reply_to(request, 401, "Unauthorized", headers=[CHALLENGE])
        start = at % len(reply)
        return [reply[:start] + inserted + reply[start + removed :]]

    with UdpPeer(script) as peer:

        async def run() -> Report:
            async with Engine(EngineSettings(guard=LOOPBACK)) as engine:
                return await engine.verify(
                    parse_target(f"127.0.0.1:{peer.port}", transport=TransportName.UDP),
                    credentials=ALICE,
                    timeout_seconds=0.1,
                )

        report = asyncio.run(run())
    assert report.outcome in set(Outcome)
