"""What a report's trace holds is what the peer saw: the same bytes, between the same endpoints."""

from collections.abc import Callable, Sequence

import pytest

from sipcheck import Report, TransportName
from sipcheck.report.model import Direction
from tests.peers.certificates import CertificateKind, Certificates
from tests.peers.sip_reply import reply_to
from tests.peers.tls_server import TlsServer
from tests.peers.udp_peer import Reply, UdpPeer
from tests.sipcheck.conftest import ALICE, Verify

CHALLENGE = ("WWW-Authenticate", 'Digest realm="carrier.example", nonce="n", qop="auth", algorithm=MD5')
# Neither the escape nor the byte that is no UTF-8 can stand in a text; both were sent.
ODD = ("X-Odd", "\x1b[31m")


def odd_registrar(request: bytes) -> list[bytes]:
    if request.startswith(b"OPTIONS") or b"\r\nAuthorization:" in request:
        reply = reply_to(request, headers=[ODD])
    else:
        reply = reply_to(request, 401, "Unauthorized", headers=[CHALLENGE])
    return [reply.replace(b"[31m", b"[31m\xff")]


def messages(report: Report, direction: Direction) -> list[bytes]:
    return [step.message for step in report.trace if step.direction is direction]


def ends(report: Report) -> set[tuple[str | None, str | None]]:
    """Us and them, as the steps have it."""
    return {
        (step.source, step.destination)
        if step.direction is Direction.SENT
        else (step.destination, step.source)
        for step in report.trace
        if step.direction is not Direction.EVENT
    }


def without_secrets(request: bytes, report: Report) -> bool:
    """Whether this request is in the trace, but for what was redacted."""
    head, _, rest = request.partition(b'response="')
    return any(
        message.startswith(head) and message.endswith(rest.partition(b"\r\n")[2])
        for message in messages(report, Direction.SENT)
    )


async def test_over_udp(udp_peer_factory: Callable[..., UdpPeer], verify: Verify) -> None:
    peer = udp_peer_factory(odd_registrar)
    report = await verify(f"127.0.0.1:{peer.port}", transport=TransportName.UDP, credentials=ALICE)
    assert report.verified, report.summary
    received = peer.received
    assert len(messages(report, Direction.SENT)) == len(received) == 3
    assert all(without_secrets(datagram.data, report) for datagram in received)
    answers = [answer for datagram in received for answer in odd_registrar(datagram.data)]
    assert sorted(messages(report, Direction.RECEIVED)) == sorted(answers)
    assert ends(report) == {(f"127.0.0.1:{received[0].source[1]}", f"127.0.0.1:{peer.port}")}


async def test_an_answer_from_elsewhere_shows_where(
    udp_peer_factory: Callable[..., UdpPeer], verify: Verify
) -> None:
    peer = udp_peer_factory(lambda request: [Reply(data=reply_to(request), from_elsewhere=True)])
    report = await verify(f"127.0.0.1:{peer.port}", transport=TransportName.UDP)
    (source,) = [step.source for step in report.trace if step.direction is Direction.RECEIVED]
    (told,) = [warning.detail for warning in report.warnings]
    assert source != f"127.0.0.1:{peer.port}"
    assert f"from {source}" in told


@pytest.mark.parametrize("transport", [TransportName.TCP, TransportName.TLS])
async def test_over_a_connection(
    transport: TransportName,
    tls_server_factory: Callable[..., TlsServer],
    certificates: Certificates,
    verify: Verify,
) -> None:
    answers: list[bytes] = []

    def script(request: bytes) -> Sequence[bytes]:
        answers.extend(odd_registrar(request))
        return odd_registrar(request)

    certificate = certificates[CertificateKind.SAN_IP] if transport is TransportName.TLS else None
    server = tls_server_factory(certificate=certificate, script=script)
    report = await verify(
        f"127.0.0.1:{server.port}", transport=transport, credentials=ALICE, ca_file=certificates.ca_file
    )
    assert report.verified, report.summary
    (connection,) = server.wait_for_ended(1)
    requests = connection.application_bytes.split(b"Content-Length: 0\r\n\r\n")[:-1]
    assert len(requests) == 3
    assert all(without_secrets(request + b"Content-Length: 0\r\n\r\n", report) for request in requests)
    assert messages(report, Direction.RECEIVED) == answers
    ((ours, theirs),) = ends(report)
    assert theirs == f"127.0.0.1:{server.port}"
    assert ours == report.edges[0].local_address
