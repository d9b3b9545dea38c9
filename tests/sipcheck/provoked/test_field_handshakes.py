"""A TLS handshake that fails says why: the alert, a port for plain SIP, or what was not agreed on (RFC 8446 §6.2)."""

import contextlib
import socket
from collections.abc import Mapping
from contextlib import ExitStack

import pytest

from sipcheck import Cause, CredentialState, Outcome, Party, Reason, Report, TransportName
from tests.peers.dns_server import DnsServer
from tests.peers.stream_peer import Conduct, StreamPeer
from tests.sipcheck.provoked.field_rows import FieldRow, Place, Scene, assert_row, verify_all

DOMAIN = "carrier.test"
CHECK_THE_SETTING = (Cause.SERVER_NAME_UNKNOWN, Cause.PLAIN_SIP_PORT)


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
    row("an-alert-of-its-own-trouble", alert(80), None, says=("internal error",)),
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
        None,
        says=("did not answer the TLS handshake",),
        never_says=("hung up",),
    ),
    row(
        "a-port-that-answers-in-clear",
        saying(b"SIP/2.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
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


@pytest.fixture(scope="module")
def reports() -> Mapping[str, Report | Exception]:
    return verify_all(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_and_its_verdict(row: FieldRow, reports: Mapping[str, Report | Exception]) -> None:
    assert_row(row, reports[str(row)])


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_not_one_sip_byte_was_sent(row: FieldRow, reports: Mapping[str, Report | Exception]) -> None:
    report = reports[str(row)]
    assert isinstance(report, Report)
    assert not any(step.direction == "sent" for step in report.trace)
