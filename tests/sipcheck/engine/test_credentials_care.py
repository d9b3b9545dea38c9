"""Credentials leave once, in time, for realms that were asked for, and come back in no form."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from sipcheck import Cause, CredentialState, Outcome, Reason, Report, TransportName
from tests.peers.dns_server import DnsServer
from tests.peers.sip_reply import reply_to
from tests.peers.tls_server import TlsServer
from tests.peers.udp_peer import Reply, UdpPeer
from tests.sipcheck.conftest import ALICE, Verify

Answer = Callable[[bytes], Sequence[bytes | Reply]]


def challenge(realm: str = "carrier.example", *, stale: bool = False, nonce: str = "n") -> tuple[str, str]:
    ending = ", stale=true" if stale else ""
    return ("WWW-Authenticate", f'Digest realm="{realm}", nonce="{nonce}", algorithm=MD5{ending}')


def challenged(request: bytes, *headers: tuple[str, str]) -> bytes:
    return reply_to(request, 401, "Unauthorized", headers=headers or [challenge()])


def with_credentials(peer: UdpPeer) -> list[bytes]:
    return [each.data for each in peer.received if b"Authorization: Digest" in each.data]


async def test_a_living_edge_that_was_not_asked_does_not_hide_a_failed_proof(
    udp_peer_factory: Callable[..., UdpPeer],
    dns_server_factory: Callable[..., DnsServer],
    verify: Verify,
) -> None:
    """The preferred edge answers too late to be asked; the other one refuses REGISTER."""
    late = udp_peer_factory(lambda request: [Reply(data=reply_to(request), after_seconds=0.6)])
    prompt = udp_peer_factory(
        lambda request: [reply_to(request, 405 if request.startswith(b"REGISTER") else 200, "X")]
    )
    zone = "\n".join(
        [
            f"_sip._udp.carrier.example. SRV 10 0 {late.port} edge.carrier.example.",
            f"_sip._udp.carrier.example. SRV 20 0 {prompt.port} edge.carrier.example.",
            "edge.carrier.example. A 127.0.0.1",
        ]
    )
    report = await verify(
        "carrier.example",
        transport=TransportName.UDP,
        dns=dns_server_factory(zone),
        credentials=ALICE,
        timeout_seconds=4,
    )
    assert (report.outcome, report.reason) == (Outcome.REACHABLE, Reason.ALIVE_CREDENTIALS_UNPROVEN)
    assert report.credentials is CredentialState.UNPROVEN


async def test_options_never_sends_what_register_has_sent(
    udp_peer_factory: Callable[..., UdpPeer], verify: Verify
) -> None:
    """docs/design/sip.md, requirement 15: once per run, also where the answer to REGISTER cannot be used."""

    def script(request: bytes) -> list[bytes]:
        if request.startswith(b"REGISTER") and b"Authorization" in request:
            return [reply_to(request).replace(b"Content-Length: 0", b"Content-Length: 9")]
        return [challenged(request)]

    peer = udp_peer_factory(script)
    await verify(f"127.0.0.1:{peer.port}", transport=TransportName.UDP, credentials=ALICE, timeout_seconds=2)
    assert with_credentials(peer)
    assert all(request.startswith(b"REGISTER") for request in with_credentials(peer))


@pytest.mark.parametrize("mark", ["digest response", "cnonce"])
async def test_an_echo_of_the_digest_stays_out_of_the_report(
    mark: str, udp_peer_factory: Callable[..., UdpPeer], verify: Verify
) -> None:
    echoed: list[str] = []
    qop = ', qop="auth"' if mark == "cnonce" else ""

    def script(request: bytes) -> list[bytes]:
        if request.startswith(b"OPTIONS"):
            return [reply_to(request)]
        if b"Authorization" not in request:
            header = ("WWW-Authenticate", f'Digest realm="r", nonce="n"{qop}')
            return [challenged(request, header)]
        name = b'cnonce="' if mark == "cnonce" else b'response="'
        echoed.append(request.split(name)[1].split(b'"')[0].decode())
        return [reply_to(request, 403, f"no {echoed[0]}", headers=[("Server", echoed[0]), ("X", echoed[0])])]

    peer = udp_peer_factory(script)
    report = await verify(f"127.0.0.1:{peer.port}", transport=TransportName.UDP, credentials=ALICE)
    assert report.reason is Reason.REGISTRATION_FORBIDDEN
    assert echoed
    assert echoed[0] not in repr(report)


@pytest.mark.parametrize(
    ("second", "asked", "reason"),
    [
        (
            challenge("evil.example", stale=True, nonce="m"),
            ["carrier.example"],
            Reason.ALIVE_CREDENTIALS_UNPROVEN,
        ),
        (
            ("Proxy-Authenticate", 'Digest realm="evil.example", nonce="p"'),
            ["carrier.example", "evil.example"],
            Reason.REALM_MISMATCH,
        ),
    ],
)
async def test_every_realm_is_asked_for_before_it_is_answered(
    second: tuple[str, str],
    asked: list[str],
    reason: Reason,
    udp_peer_factory: Callable[..., UdpPeer],
    verify: Verify,
) -> None:
    """docs/design/sip.md, hazard 5, also at first contact, when nothing is pinned yet."""
    realms: list[str] = []

    async def hook(realm: str) -> Reason | None:
        realms.append(realm)
        return Reason.REALM_MISMATCH if realm == "evil.example" else None

    def script(request: bytes) -> list[bytes]:
        if request.startswith(b"OPTIONS"):
            return [reply_to(request)]
        if b"Authorization" not in request:
            return [challenged(request)]
        return [reply_to(request, 401 if second[0].startswith("WWW") else 407, "Again", headers=[second])]

    peer = udp_peer_factory(script)
    report = await verify(
        f"127.0.0.1:{peer.port}",
        transport=TransportName.UDP,
        credentials=ALICE,
        before_credentials=hook,
        timeout_seconds=2,
    )
    assert (report.reason, report.cause) == (reason, Cause.SECOND_REALM), report.summary
    assert "'evil.example'" in report.summary
    assert "none was sent" not in report.summary
    assert realms == asked
    assert not any(b"evil.example" in request for request in with_credentials(peer))


@pytest.mark.parametrize("again", ["CORP\\\\voice", "\\CORP\\\\voi\\ce"])
async def test_a_realm_with_an_escape_is_remembered_as_it_is_compared(
    again: str, udp_peer_factory: Callable[..., UdpPeer], verify: Verify
) -> None:
    """What one run learned is what the next one expects, in whatever spelling the challenge comes."""
    realms: list[str] = []
    spelled = "CORP\\\\voice"

    async def learn(realm: str) -> None:
        realms.append(realm)

    def script(request: bytes) -> list[bytes]:
        if request.startswith(b"OPTIONS") or f'realm="{spelled}"'.encode() in request:
            return [reply_to(request)]
        return [challenged(request, challenge(spelled))]

    peer = udp_peer_factory(script)
    target = f"127.0.0.1:{peer.port}"
    first = await verify(
        target, transport=TransportName.UDP, credentials=ALICE, before_credentials=learn, timeout_seconds=2
    )
    assert first.reason is Reason.CREDENTIALS_PROVEN, first.summary
    assert realms == ["CORP\\voice"]
    spelled = again
    pinned = replace(ALICE, realms=tuple(realms), realms_learned=True)
    second = await verify(target, transport=TransportName.UDP, credentials=pinned, timeout_seconds=2)
    assert second.reason is Reason.CREDENTIALS_PROVEN, second.summary


async def test_a_stale_nonce_in_a_realm_spelled_anew_is_renewed(
    udp_peer_factory: Callable[..., UdpPeer], verify: Verify
) -> None:
    def script(request: bytes) -> list[bytes]:
        if request.startswith(b"OPTIONS") or b'nonce="m"' in request:
            return [reply_to(request)]
        if b'nonce="n"' in request:
            return [challenged(request, challenge("CORP\\\\v\\oice", stale=True, nonce="m"))]
        return [challenged(request, challenge("CORP\\\\voice"))]

    peer = udp_peer_factory(script)
    report = await verify(
        f"127.0.0.1:{peer.port}", transport=TransportName.UDP, credentials=ALICE, timeout_seconds=2
    )
    assert report.reason is Reason.CREDENTIALS_PROVEN, report.summary


async def test_credentials_do_not_leave_when_the_answer_could_not_be_heard(
    udp_peer_factory: Callable[..., UdpPeer], verify: Verify
) -> None:
    async def slow_hook(_: str) -> Reason | None:
        await asyncio.sleep(5)
        return None

    peer = udp_peer_factory(
        lambda request: [reply_to(request) if request.startswith(b"OPTIONS") else challenged(request)]
    )
    report = await verify(
        f"127.0.0.1:{peer.port}",
        transport=TransportName.UDP,
        credentials=ALICE,
        before_credentials=slow_hook,
        timeout_seconds=1,
    )
    assert (report.outcome, report.reason) == (Outcome.INCONCLUSIVE, Reason.DEADLINE_EXCEEDED)
    assert with_credentials(peer) == []
    assert report.duration_ms < 3000


async def test_a_registrar_that_hangs_up_behind_its_challenge_can_be_proven(
    tls_server_factory: Callable[..., TlsServer], verify: Verify
) -> None:
    def script(request: bytes) -> list[bytes]:
        if request.startswith(b"OPTIONS") or b"Authorization" in request:
            return [reply_to(request), b""]
        return [challenged(request), b""]

    server = tls_server_factory(script=script)
    reasons = []
    for _ in range(10):  # the peer's own thread decides how soon behind its challenge it hangs up
        report: Report = await verify(
            f"127.0.0.1:{server.port}", transport=TransportName.TCP, credentials=ALICE, timeout_seconds=3
        )
        reasons.append(report.reason)
    assert Reason.CREDENTIALS_PROVEN in reasons, report.summary
    assert set(reasons) <= {Reason.CREDENTIALS_PROVEN, Reason.CONNECTION_RESET}
