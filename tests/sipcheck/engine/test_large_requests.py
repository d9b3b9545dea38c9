"""RFC 3261 §18.1.1: what is larger than 1300 bytes goes by TCP, and by UDP after all where there is no TCP."""

import re
import socket
from collections.abc import Callable

from sipcheck import Credentials, Reason, Report, TransportName
from sipcheck.report.model import CheckName, CheckState, Direction
from tests.peers.kamailio import Kamailio
from tests.peers.sip_reply import reply_to, split_message
from tests.peers.stream_peer import StreamPeer
from tests.peers.udp_peer import UdpPeer
from tests.sipcheck.conftest import ALICE, Verify

LIMIT = 1300
LONG_NAME = "a" * 600  # in From, To and the Authorization: over the limit without it and with it


def challenged_by(nonce: str) -> Callable[[bytes], list[bytes]]:
    challenge = ("WWW-Authenticate", f'Digest realm="carrier.example", nonce="{nonce}", qop="auth"')

    def registrar(request: bytes) -> list[bytes]:
        if request.startswith(b"OPTIONS") or b"\r\nAuthorization:" in request:
            return [reply_to(request)]
        return [reply_to(request, 401, "Unauthorized", headers=[challenge])]

    return registrar


class TcpRegistrar:
    """Answers by the same script as the UDP peer, at the same address and port."""

    def __init__(self, script: Callable[[bytes], list[bytes]]) -> None:
        self.received: list[bytes] = []
        self._script = script

    def __call__(self, accepted: socket.socket) -> None:
        buffer = b""
        while data := accepted.recv(65536):
            buffer += data
            while (taken := split_message(buffer)) is not None:
                message, buffer = taken
                self.received.append(message)
                accepted.sendall(b"".join(self._script(message)))


def sent(report: Report) -> list[tuple[str, str, str]]:
    """(edge, method, the Via's transport) of every request in the trace."""
    return [
        (step.edge or "", step.text.split()[0], re.findall(r"Via: SIP/2\.0/(\w+) ", step.text)[0])
        for step in report.trace
        if step.direction is Direction.SENT
    ]


def events(report: Report) -> str:
    return "\n".join(step.text for step in report.trace if step.direction is Direction.EVENT)


def detail(report: Report, name: CheckName) -> str:
    return next(check.detail for check in report.checks if check.name is name)


async def test_credentials_too_large_for_a_datagram_go_by_tcp(
    udp_peer_factory: Callable[..., UdpPeer], verify: Verify, windowed: bool
) -> None:
    peer = udp_peer_factory(challenged_by("n" * 1200))
    by_tcp = TcpRegistrar(challenged_by("n" * 1200))
    with StreamPeer(by_tcp, port=peer.port):
        report = await verify(f"127.0.0.1:{peer.port}", transport=TransportName.UDP, credentials=ALICE)
    assert report.reason is Reason.CREDENTIALS_PROVEN, report.summary
    assert report.warnings == ()

    (large,) = by_tcp.received
    assert len(large) > LIMIT
    assert re.search(rb"\r\nVia: SIP/2\.0/TCP ", large)
    assert b"\r\nAuthorization: Digest " in large
    # Nothing above the limit, and no credentials, went by UDP.
    assert all(len(datagram.data) <= LIMIT for datagram in peer.received)
    assert not any(b"Authorization:" in datagram.data for datagram in peer.received)

    udp, tcp = f"127.0.0.1:{peer.port}/udp", f"127.0.0.1:{peer.port}/tcp"
    first_register = [(udp, "REGISTER", "UDP")] * (
        2 if windowed else 1
    )  # the window hands over to the plain path
    assert sent(report) == [(udp, "OPTIONS", "UDP"), *first_register, (tcp, "REGISTER", "TCP")]
    assert f"REGISTER is {len(large)} bytes, more than 1300" in events(report)
    assert detail(report, CheckName.TRANSPORT) == f"{udp}; REGISTER went by TCP, being over 1300 bytes"


async def test_the_retry_by_tcp_is_the_same_request(
    udp_peer_factory: Callable[..., UdpPeer], verify: Verify
) -> None:
    """§8.1.3.5, §22.2: Call-ID, From tag and To stay, CSeq rises, the branch is new."""
    peer = udp_peer_factory(challenged_by("n" * 1200))
    by_tcp = TcpRegistrar(challenged_by("n" * 1200))
    with StreamPeer(by_tcp, port=peer.port):
        await verify(f"127.0.0.1:{peer.port}", transport=TransportName.UDP, credentials=ALICE)
    first = [datagram.data for datagram in peer.received if datagram.data.startswith(b"REGISTER")][-1]
    (retry,) = by_tcp.received

    def field(message: bytes, name: bytes) -> bytes:
        found = re.search(rb"\r\n" + name + rb": ([^\r]*)", message)
        assert found is not None
        return found[1]

    for same in (b"Call-ID", b"From", b"To"):
        assert field(first, same) == field(retry, same)
    assert (field(first, b"CSeq"), field(retry, b"CSeq")) == (b"1 REGISTER", b"2 REGISTER")
    assert field(first, b"Via").split(b"branch=")[1] != field(retry, b"Via").split(b"branch=")[1]


async def test_without_tcp_a_large_request_goes_by_udp_after_all(
    udp_peer_factory: Callable[..., UdpPeer], verify: Verify, windowed: bool
) -> None:
    peer = udp_peer_factory(challenged_by("n" * 1200))
    report = await verify(f"127.0.0.1:{peer.port}", transport=TransportName.UDP, credentials=ALICE)
    assert report.reason is Reason.CREDENTIALS_PROVEN, report.summary
    assert sent(report)[-1] == (f"127.0.0.1:{peer.port}/udp", "REGISTER", "UDP")
    assert any(len(datagram.data) > LIMIT for datagram in peer.received)
    assert "no TCP for a large request, so it goes by UDP: Connection refused" in events(report)
    assert detail(report, CheckName.TRANSPORT) == f"127.0.0.1:{peer.port}/udp"


async def test_a_request_large_from_the_start(
    udp_peer_factory: Callable[..., UdpPeer], verify: Verify, windowed: bool
) -> None:
    """A long user name: OPTIONS and REGISTER are too large before any challenge, and share one connection."""
    peer = udp_peer_factory(challenged_by("n"))
    by_tcp = TcpRegistrar(challenged_by("n"))
    with StreamPeer(by_tcp, port=peer.port):
        report = await verify(
            f"127.0.0.1:{peer.port}",
            transport=TransportName.UDP,
            credentials=Credentials(LONG_NAME, "secret"),
        )
    assert report.reason is Reason.CREDENTIALS_PROVEN, report.summary
    tcp = f"127.0.0.1:{peer.port}/tcp"
    went_by_tcp = [step for step in sent(report) if step[0] == tcp]
    assert [step[1:] for step in went_by_tcp][-2:] == [("REGISTER", "TCP"), ("REGISTER", "TCP")]
    assert len(went_by_tcp) == len(by_tcp.received)
    assert all(len(datagram.data) <= LIMIT for datagram in peer.received)
    assert report.edges[0].transport is TransportName.UDP


async def test_silence_over_tcp_is_the_verdict_of_a_large_request(
    udp_peer_factory: Callable[..., UdpPeer], verify: Verify
) -> None:
    """Once it is connected there is no way back: the credentials have left (docs/design/sip.md requirement 15)."""
    peer = udp_peer_factory(challenged_by("n" * 1200))
    by_tcp = TcpRegistrar(lambda _: [])
    with StreamPeer(by_tcp, port=peer.port):
        report = await verify(
            f"127.0.0.1:{peer.port}", transport=TransportName.UDP, credentials=ALICE, timeout_seconds=2
        )
    assert report.reason is Reason.SIP_REQUEST_TIMEOUT, report.summary
    assert len(by_tcp.received) == 1
    assert not any(b"Authorization:" in datagram.data for datagram in peer.received)
    failing = [check.name for check in report.checks if check.state is CheckState.FAILED]
    assert failing == [CheckName.SIP]


async def test_kamailio_takes_a_large_register_by_tcp(
    kamailio_factory: Callable[..., Kamailio], verify: Verify, windowed: bool
) -> None:
    registrar = kamailio_factory(realm="carrier.example " + "r" * 900)
    report = await verify(
        "carrier.example",
        transport=TransportName.UDP,
        outbound_proxy=f"127.0.0.1:{registrar.port}",
        credentials=ALICE,
    )
    assert report.reason is Reason.CREDENTIALS_PROVEN, report.summary
    *before, last = registrar.requests_seen()
    assert (last.method, last.transport, last.has_credentials) == ("REGISTER", "tcp", True)
    assert not any(request.transport == "tcp" or request.has_credentials for request in before)
    assert sent(report)[-1] == (f"127.0.0.1:{registrar.port}/tcp", "REGISTER", "TCP")
