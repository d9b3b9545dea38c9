"""A peer that hangs up on OPTIONS may take REGISTER: the second method is tried by a new connection."""

import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace

import pytest

from sipcheck import Cause, CredentialState, Outcome, Party, Proof, Reason, Report, TransportName, WarningCode
from tests.peers.sip_reply import reply_to
from tests.peers.stream_peer import StreamPeer
from tests.sipcheck.provoked.field_rows import FieldRow, Place, Script, assert_row, challenge, cseq_of

TCP, TLS = TransportName.TCP, TransportName.TLS
CLOSE = b""
HEADERS = Sequence[tuple[str, str]]
IGNORED = frozenset({WarningCode.OPTIONS_IGNORED})


def closing_on_options(*register: tuple[int, HEADERS]) -> Script:
    """Close instead of answering OPTIONS, and once no answer to REGISTER is left."""

    def script(request: bytes) -> list[bytes]:
        number = cseq_of(request)
        if request.startswith(b"OPTIONS") or number > len(register):
            return [CLOSE]
        status, headers = register[number - 1]
        return [reply_to(request, status, "Phrase", headers=headers)]

    return script


def resetting(script: Script) -> Callable[[ExitStack], Place]:
    """Reset where the script closes: the system says so at once, and nothing unread is left."""

    def conduct(connection: socket.socket) -> None:
        while request := connection.recv(65535):
            for answer in script(request):
                if isinstance(answer, bytes) and answer:
                    connection.sendall(answer)
                else:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return

    def scene(stack: ExitStack) -> Place:
        return Place(target=f"127.0.0.1:{stack.enter_context(StreamPeer(conduct)).port}")

    return scene


PROVEN = FieldRow(
    name="closes-on-options",
    script=closing_on_options((401, [challenge()]), (200, [])),
    transport=TCP,
    outcome=Outcome.VERIFIED,
    reason=Reason.CREDENTIALS_PROVEN,
    credentials=CredentialState.PROVEN,
    party=Party.NOBODY,
    exit_status=0,
    says=("OPTIONS brought no answer that can be used (", ") while REGISTER was answered"),
    never_says=("stayed unanswered",),
    warnings=IGNORED,
    knocks=0,
)
REJECTED = replace(
    PROVEN,
    name="closes-on-options-and-rejects",
    script=closing_on_options((401, [challenge()]), (401, [challenge()])),
    outcome=Outcome.FAILED,
    reason=Reason.CREDENTIALS_REJECTED,
    credentials=CredentialState.REJECTED,
    party=Party.CONFIGURATION,
    exit_status=1,
    knocks=2,
)
UNCHALLENGED = replace(
    PROVEN,
    name="closes-on-options-and-never-challenges",
    script=closing_on_options((200, [])),
    outcome=Outcome.REACHABLE,
    reason=Reason.ALIVE_CREDENTIALS_UNPROVEN,
    cause=Cause.NEVER_CHALLENGED,
    credentials=CredentialState.UNPROVEN,
    exit_status=4,
    knocks=0,
)
ALL_CLOSED = replace(
    PROVEN,
    name="closes-on-all",
    script=closing_on_options(),
    outcome=Outcome.FAILED,
    reason=Reason.CONNECTION_RESET,
    credentials=CredentialState.UNPROVEN,
    party=Party.CARRIER,
    exit_status=1,
    says=("closed the connection before a final answer",),
    warnings=frozenset(),
    knocks=0,
)
WITHOUT_CREDENTIALS = replace(
    ALL_CLOSED,
    name="closes-on-options-without-credentials",
    script=closing_on_options((200, [])),
    options={"credentials": None},
    credentials=CredentialState.NOT_TESTED,
    knocks=0,
)
BY_OPTIONS_ALONE = replace(
    WITHOUT_CREDENTIALS,
    name="closes-on-options-which-alone-may-prove",
    options={"proof": Proof.OPTIONS},
    credentials=CredentialState.UNPROVEN,
)
CLOSING = (PROVEN, REJECTED, UNCHALLENGED, ALL_CLOSED, WITHOUT_CREDENTIALS, BY_OPTIONS_ALONE)
ROWS = [
    *(replace(row, transport=transport) for row in CLOSING for transport in (TCP, TLS)),
    *(
        replace(row, name=f"{row.name}-by-a-reset", script=None, scene=resetting(row.script))
        for row in CLOSING
        if row.script is not None
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_and_its_verdict(row: FieldRow, reports: Mapping[str, Report | Exception]) -> None:
    assert_row(row, reports[str(row)])
