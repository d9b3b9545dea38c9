"""TCP as peers really use it: split, joined, broken off (RFC 3261 §18.3)."""

from collections.abc import Callable, Sequence

import pytest

from sipcheck import Reason, TransportName
from tests.peers.sip_reply import reply_to
from tests.peers.tls_server import TlsServer
from tests.sipcheck.conftest import ALICE, Verify


@pytest.mark.parametrize(
    ("chunks", "reason"),
    [
        (lambda r: [b""], Reason.CONNECTION_RESET),
        (lambda r: [b"HTTP/1.1 400 Bad\r\n\r\n"], Reason.SIP_NOT_SPOKEN),
        (lambda r: [reply_to(r)[:40], b""], Reason.SIP_MALFORMED_RESPONSE),
        (lambda r: [b"SIP/2.0 200 OK\r\nX: " + b"a" * 1_000_000, b""], Reason.SIP_MALFORMED_RESPONSE),
        (lambda r: [reply_to(r)[:40], reply_to(r)[40:]], Reason.ALIVE),
        (lambda r: [b"\r\n\r\n" + reply_to(r, 100, "Trying") + reply_to(r)], Reason.ALIVE),
    ],
)
async def test_streams(
    chunks: Callable[[bytes], Sequence[bytes]],
    reason: Reason,
    tls_server_factory: Callable[..., TlsServer],
    verify: Verify,
) -> None:
    server = tls_server_factory(script=chunks)
    report = await verify(f"127.0.0.1:{server.port}", transport=TransportName.TCP, timeout_seconds=3)
    assert report.reason is reason, report.summary


async def test_a_peer_that_hangs_up_after_each_answer_is_called_again(
    tls_server_factory: Callable[..., TlsServer], verify: Verify
) -> None:
    """docs/design/sip.md, hazard 6: a dead kept connection is no dead trunk; a fresh one decides."""
    server = tls_server_factory(script=lambda request: [reply_to(request), b""])
    for _ in range(
        20
    ):  # whether the end is seen before or after the next request is sent is a matter of luck
        report = await verify(f"127.0.0.1:{server.port}", transport=TransportName.TCP, credentials=ALICE)
        assert report.reason is Reason.ALIVE_CREDENTIALS_UNPROVEN, report.summary
        assert report.warnings == ()


async def test_nothing_more_goes_down_a_connection_that_carried_garbage(
    tls_server_factory: Callable[..., TlsServer], verify: Verify
) -> None:
    """RFC 3261 §18.3: behind garbage the next answer cannot be found, so the next request takes a fresh connection."""
    challenge = [("WWW-Authenticate", 'Digest realm="carrier.example", nonce="n", algorithm=MD5, qop="auth"')]

    def challenge_with_garbage(request: bytes) -> Sequence[bytes]:
        if b"\r\nAuthorization:" in request:
            return [reply_to(request)]
        return [reply_to(request, 401, "Unauthorized", headers=challenge) + b"\0garbage"]

    server = tls_server_factory(script=challenge_with_garbage)
    report = await verify(f"127.0.0.1:{server.port}", transport=TransportName.TCP, credentials=ALICE)
    assert report.reason is Reason.CREDENTIALS_PROVEN, report.summary
    carried = [connection.application_bytes for connection in server.connections]
    assert [data.count(b"\r\nAuthorization:") for data in carried] == [0] * (len(carried) - 1) + [1]
    assert [data.count(b" SIP/2.0\r\n") for data in carried] == [1] * len(carried)


async def test_an_answer_that_is_not_finished_by_the_deadline_is_no_silence(
    tls_server_factory: Callable[..., TlsServer], verify: Verify
) -> None:
    server = tls_server_factory(script=lambda request: [reply_to(request)[:40]])
    report = await verify(f"127.0.0.1:{server.port}", transport=TransportName.TCP, timeout_seconds=1)
    assert report.reason is Reason.SIP_MALFORMED_RESPONSE, report.summary
    detail = next(check.detail for check in report.checks if check.code is not None)
    assert detail.startswith("40 bytes of an answer came, ")
    assert detail.endswith(" s before the end of the wait, and its end did not")
