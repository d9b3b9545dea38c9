"""A connection that ends, or something else than SIP, in the middle of an exchange: what had been said before counts.

RFC 3261 §8.1.3.1; docs/design/sip.md, "Causes". The place is told by the request that has no answer.
"""

import contextlib
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from sipcheck import Cause, CredentialState, Outcome, Party, Reason, Report, TransportName
from tests.peers.certificates import CertificateKind, Certificates
from tests.peers.sip_reply import reply_to, split_message
from tests.peers.stream_peer import Conduct, StreamPeer
from tests.peers.udp_closing import ClosingPeer
from tests.sipcheck.provoked.field_rows import FieldRow, Place, Scene, assert_row, challenge

TCP, TLS, UDP = TransportName.TCP, TransportName.TLS, TransportName.UDP
LATER_SECONDS = 0.3
GARBAGE = b"\x00\x01 nothing that is SIP\r\n\r\n"
HTTP = b"HTTP/1.1 400 Bad Request\r\n\r\n"


def with_credentials(request: bytes) -> bool:
    return b"\r\nAuthorization:" in request


def answer(request: bytes) -> bytes:
    """What a registrar says, which is alive and has one account."""
    if request.startswith(b"REGISTER") and not with_credentials(request):
        return reply_to(request, 401, "Unauthorized", headers=[challenge()])
    return reply_to(request)


def requests(connection: socket.socket) -> Iterator[bytes]:
    buffer = b""
    while data := connection.recv(65535):
        buffer += data
        while (taken := split_message(buffer)) is not None:
            request, buffer = taken
            yield request


End = Callable[[socket.socket, bytes], None]
Here = Callable[[bytes], bool]


def closing(_: socket.socket, __: bytes) -> None:
    """End with FIN, over TLS behind no close_notify."""


def resetting(connection: socket.socket, _: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def closing_later(_: socket.socket, __: bytes) -> None:
    time.sleep(LATER_SECONDS)


def trying_first(connection: socket.socket, request: bytes) -> None:
    connection.sendall(reply_to(request, 100, "Trying"))


def half_an_answer(connection: socket.socket, request: bytes) -> None:
    connection.sendall(reply_to(request)[:90])


def half_and_reset(connection: socket.socket, request: bytes) -> None:
    half_an_answer(connection, request)
    time.sleep(LATER_SECONDS)  # a reset takes with it what was not read
    resetting(connection, request)


def saying(words: bytes) -> End:
    def end(connection: socket.socket, _: bytes) -> None:
        connection.sendall(words)
        time.sleep(LATER_SECONDS)

    return end


def ending(here: Here, end: End) -> Conduct:
    """Answer as a registrar does, and end at the first request of which `here` says so."""

    def conduct(connection: socket.socket) -> None:
        for request in requests(connection):
            if here(request):
                end(connection, request)
                return
            connection.sendall(answer(request))

    return conduct


def one_answer_each(connection: socket.socket) -> None:
    """Answer the first request of a connection, and close it 0.3 s behind the next, which stays unanswered."""
    for number, request in enumerate(requests(connection)):
        if number:
            time.sleep(LATER_SECONDS)
            return
        connection.sendall(answer(request))


def over(transport: TransportName, conduct: Conduct) -> Scene:
    def scene(stack: ExitStack) -> Place:
        if transport is TCP:
            return Place(target=f"127.0.0.1:{stack.enter_context(StreamPeer(conduct)).port}")
        certificates = Certificates(Path(stack.enter_context(TemporaryDirectory())))
        served = certificates[CertificateKind.SAN_IP]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(served.certificate_file, served.key_file)

        def wrapped(accepted: socket.socket) -> None:
            with context.wrap_socket(accepted, server_side=True) as connection:
                conduct(connection)

        port = stack.enter_context(StreamPeer(_without_ends(wrapped))).port
        return Place(target=f"127.0.0.1:{port}", ca_file=certificates.ca_file)

    return scene


def _without_ends(conduct: Conduct) -> Conduct:
    """The other side may go first, which is no fault of the peer's."""

    def run(accepted: socket.socket) -> None:
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            conduct(accepted)

    return run


def streams(row: FieldRow, conduct: Conduct) -> list[FieldRow]:
    return [
        replace(
            row,
            scene=over(transport, _without_ends(conduct)),
            transport=transport,
            windowed=windowed,
        )
        for transport in (TCP, TLS)
        for windowed in (False, True)
    ]


def behind_the_password(name: str, cause: Cause, *says: str) -> FieldRow:
    return FieldRow(
        name=name,
        outcome=Outcome.INCONCLUSIVE,
        reason=Reason.SIP_REQUEST_TIMEOUT,
        cause=cause,
        credentials=CredentialState.UNPROVEN,
        party=Party.CARRIER,
        exit_status=3,
        options={"timeout_seconds": 10},
        says=("asked for the password", *says, "nothing says whether the password is right"),
        never_says=("rejects", "another service", "none was sent"),
        knocks=1,
    )


def before_the_password(name: str, cause: Cause, *says: str, never_says: tuple[str, ...] = ()) -> FieldRow:
    return FieldRow(
        name=name,
        outcome=Outcome.REACHABLE,
        reason=Reason.ALIVE_CREDENTIALS_UNPROVEN,
        cause=cause,
        credentials=CredentialState.UNPROVEN,
        party=Party.NOBODY,
        exit_status=4,
        options={"timeout_seconds": 10},
        says=says,
        never_says=("stayed unanswered", *never_says),
    )


def unheard(name: str, *says: str, never_says: tuple[str, ...] = ()) -> FieldRow:
    return FieldRow(
        name=name,
        outcome=Outcome.FAILED,
        reason=Reason.CONNECTION_RESET,
        credentials=CredentialState.NOT_TESTED,
        party=Party.CARRIER,
        exit_status=1,
        options={"timeout_seconds": 10, "credentials": None},
        says=("closed the connection before a final answer", *says),
        never_says=never_says,
    )


def on_register(request: bytes) -> bool:
    return request.startswith(b"REGISTER")


def on_any(_: bytes) -> bool:
    return True


CUT = (Cause.CONNECTION_CUT, "the connection was cut once it was sent", "s after the password was sent")
BROKE_OFF = "the way there broke off before a password was sent"
UNANSWERED = (Cause.CREDENTIALS_UNANSWERED, "gave no final answer once it was sent")
STREAMS = [
    *streams(behind_the_password("closed-on-the-password", *CUT), ending(with_credentials, closing)),
    *streams(behind_the_password("reset-on-the-password", *CUT), ending(with_credentials, resetting)),
    *streams(
        behind_the_password("closed-later-on-the-password", *CUT), ending(with_credentials, closing_later)
    ),
    *streams(behind_the_password("closed-behind-each-answer", *CUT), one_answer_each),
    *streams(
        behind_the_password("trying-and-closed-on-the-password", *CUT, "behind a 100"),
        ending(with_credentials, trying_first),
    ),
    *streams(
        behind_the_password("garbage-on-the-password", *UNANSWERED, "that are not SIP"),
        ending(with_credentials, saying(GARBAGE)),
    ),
    *streams(
        behind_the_password("http-on-the-password", *UNANSWERED, "it looks like http"),
        ending(with_credentials, saying(HTTP)),
    ),
    *streams(
        before_the_password("closed-on-register", Cause.CONNECTION_CUT, BROKE_OFF),
        ending(on_register, closing),
    ),
    *streams(
        before_the_password("reset-on-register", Cause.CONNECTION_CUT, BROKE_OFF),
        ending(on_register, resetting),
    ),
    *streams(
        before_the_password("closed-later-on-register", Cause.CONNECTION_CUT, BROKE_OFF),
        ending(on_register, closing_later),
    ),
    *streams(
        before_the_password(
            "http-on-register",
            Cause.REGISTER_UNANSWERED,
            "REGISTER brought no answer that can be used (it looks like http)",
            never_says=("broke off",),
        ),
        ending(on_register, saying(HTTP)),
    ),
    *streams(
        before_the_password(
            "half-an-answer-to-register", Cause.REGISTER_UNANSWERED, never_says=("broke off",)
        ),
        ending(on_register, half_an_answer),
    ),
    *streams(unheard("closed-at-once", never_says=("behind a",)), ending(on_any, closing)),
    *streams(unheard("closed-later", never_says=("behind a",)), ending(on_any, closing_later)),
    *streams(
        replace(
            unheard("half-an-answer-and-reset"),
            reason=Reason.SIP_MALFORMED_RESPONSE,
            cause=Cause.UNFINISHED,
            says=("90 bytes of an answer came, ", "and its end did not", "in the trace"),
        ),
        ending(on_any, half_and_reset),
    ),
    *streams(unheard("trying-and-closed", "behind a 100"), ending(on_any, trying_first)),
]


def datagrams(row: FieldRow, until: Here) -> list[FieldRow]:
    """The peer's program is gone from the first such request on: the system answers the next by ICMP."""

    def scene(stack: ExitStack) -> Place:
        return Place(target=f"127.0.0.1:{stack.enter_context(ClosingPeer(answer, until)).port}")

    return [replace(row, scene=scene, transport=UDP, windowed=windowed) for windowed in (False, True)]


DATAGRAMS = [
    *datagrams(
        behind_the_password("gone-on-the-password", *UNANSWERED, "refused"),
        lambda request: request.startswith(b"REGISTER"),
    ),
    *datagrams(
        before_the_password("gone-on-register", Cause.CONNECTION_CUT, BROKE_OFF),
        lambda request: request.startswith(b"OPTIONS"),
    ),
]
ROWS = [*STREAMS, *DATAGRAMS]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_and_its_verdict(row: FieldRow, reports: Mapping[str, Report | Exception]) -> None:
    assert_row(row, reports[str(row)])
