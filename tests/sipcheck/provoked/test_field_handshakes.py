"""A TLS handshake that fails says why: the alert, a port for plain SIP, or what was not agreed on (RFC 8446 §6.2)."""

import contextlib
import socket
from collections.abc import Mapping
from contextlib import ExitStack

import pytest

from sipcheck import Cause, CredentialState, Outcome, Party, Reason, Report, TransportName
from tests.peers.dns_server import DnsServer
from tests.peers.stream_peer import Conduct, StreamPeer
from tests.sipcheck.provoked.field_rows import FieldRow, Place, Scene, assert_row

DOMAIN = "carrier.test"
CHECK_THE_SETTING = (Cause.SERVER_NAME_UNKNOWN, Cause.PLAIN_SIP_PORT, Cause.HANDSHAKE_UNANSWERED)


def alert(number: int) -> Conduct:
    """Answer the first bytes with a fatal alert, and hang up."""
    return saying(bytes((0x15, 3, 3, 0, 2, 2, number)))


def saying(answer: bytes) -> Conduct:
    def conduct(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer)

    return conduct


def resetting(connection: socket.socket) -> None:
    """Close with what was sent still unread, which the system does by a reset."""
    connection.recv(1)


def silent(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while connection.recv(65536):
            pass


def stalling(connection: socket.socket) -> None:
    """Begin a handshake, and never go on."""
    connection.recv(65536)
    connection.sendall(b"\x16\x03\x03\x00\x50\x02")
    silent(connection)


def at(conduct: Conduct, *, by_name: bool) -> Scene:
    def scene(stack: ExitStack) -> Place:
        port = stack.enter_context(StreamPeer(conduct)).port
        if not by_name:
            return Place(target=f"127.0.0.1:{port}")
        dns = stack.enter_context(DnsServer(f"{DOMAIN}. A 127.0.0.1"))
        return Place(target=f"{DOMAIN}:{port}", nameservers=(dns.address,))

    return scene


def row(
    name: str,
    conduct: Conduct,
    cause: Cause | None,
    *,
    reason: Reason = Reason.TLS_HANDSHAKE_FAILED,
    by_name: bool = True,
    says: tuple[str, ...] = (),
    never_says: tuple[str, ...] = (),
) -> FieldRow:
    return FieldRow(
        name=name,
        scene=at(conduct, by_name=by_name),
        transport=TransportName.TLS,
        outcome=Outcome.FAILED,
        reason=reason,
        cause=cause,
        credentials=CredentialState.NOT_TESTED,
        party=Party.CONFIGURATION
        if cause in CHECK_THE_SETTING or reason is Reason.TLS_NOT_SPOKEN
        else Party.CARRIER,
        exit_status=1,
        options={"timeout_seconds": 10},
        says=says,
        never_says=never_says,
    )


CIPHERS = "ciphers"
OPENSSL = ("sslv3", "tlsv1", "broke off")
ROWS = [
    row(
        "a-name-that-it-does-not-know",
        alert(112),
        Cause.SERVER_NAME_UNKNOWN,
        says=(f"'{DOMAIN}'", "Check the domain"),
        never_says=(CIPHERS, "client certificate"),
    ),
    row(
        "an-address-that-it-does-not-know",
        alert(112),
        Cause.SERVER_NAME_UNKNOWN,
        by_name=False,
        says=("as for an address", "Check the domain"),
        never_says=(CIPHERS,),
    ),
    row("nothing-in-common", alert(40), Cause.VERSIONS_OR_CIPHERS, says=(CIPHERS,), never_says=("5061",)),
    row("not-strong-enough", alert(71), Cause.VERSIONS_OR_CIPHERS, says=(CIPHERS,)),
    row("an-old-version", alert(70), None, reason=Reason.TLS_VERSION_UNSUPPORTED, says=("1.2",)),
    # OpenSSL's words for an alert begin with a version that nobody spoke, and for some it has none.
    *(
        row(f"alert-{number}", alert(number), None, says=(f"it sent the alert {words}",), never_says=OPENSSL)
        for number, words in (
            (0, "close notify (0)"),
            (42, "bad certificate (42)"),
            (46, "certificate unknown (46)"),
            (48, "unknown ca (48)"),
            (49, "access denied (49)"),
            (80, "internal error (80)"),
            (86, "inappropriate fallback (86)"),
            (120, "no application protocol (120)"),
            (255, "255"),
        )
    ),
    row(
        "a-port-that-hangs-up",
        saying(b""),
        Cause.PLAIN_SIP_PORT,
        says=("5061", "hung up"),
        never_says=("which TLS versions",),
    ),
    row(
        "a-port-that-resets",
        resetting,
        Cause.PLAIN_SIP_PORT,
        says=("5061", "hung up"),
        never_says=("which TLS versions",),
    ),
    row(
        "a-port-that-is-silent",
        silent,
        Cause.HANDSHAKE_UNANSWERED,
        says=("did not answer the TLS handshake", "5061"),
        never_says=("hung up", CIPHERS, "client certificate"),
    ),
    row(
        "a-handshake-that-stalls",
        stalling,
        None,
        says=("began the TLS handshake, and did not finish it",),
        never_says=("did not answer",),
    ),
    row(
        "a-port-that-answers-in-clear",
        saying(b"SIP/2.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
        Cause.PLAIN_SIP_PORT,
        reason=Reason.TLS_NOT_SPOKEN,
        says=("speaks SIP without TLS", "transport to tcp"),
        never_says=("udp", "OpenSSL", "wrong version"),
    ),
    *(
        row(
            f"{protocol.partition(' ')[0]}-in-clear",
            saying(greeting),
            Cause.OTHER_PROTOCOL,
            reason=Reason.TLS_NOT_SPOKEN,
            says=("neither TLS nor SIP", f"it looks like {protocol}"),
            never_says=("udp", "tcp", "sEcReT"),
        )
        for protocol, greeting in (
            ("ssh", b"SSH-2.0-sEcReT\r\n"),
            ("http", b"HTTP/1.1 400 Bad Request\r\nServer: sEcReT\r\n\r\n"),
            ("smtp or ftp", b"220 sEcReT ESMTP\r\n"),
        )
    ),
    row(
        "noise-in-clear",
        saying(b"J\x00\x00\x00\x0a8.0.31\x00"),
        None,
        reason=Reason.TLS_NOT_SPOKEN,
        says=("does not speak TLS",),
    ),
    row(
        "half-a-record-and-the-end",
        saying(b"\x16\x03\x03\x00\x50\x02\x00"),
        None,
        says=("in the middle of the TLS handshake",),
        never_says=("without a byte of its own",),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_and_its_verdict(row: FieldRow, reports: Mapping[str, Report | Exception]) -> None:
    assert_row(row, reports[str(row)])


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_not_one_sip_byte_was_sent(row: FieldRow, reports: Mapping[str, Report | Exception]) -> None:
    report = reports[str(row)]
    assert isinstance(report, Report)
    assert not any(step.direction == "sent" for step in report.trace)
