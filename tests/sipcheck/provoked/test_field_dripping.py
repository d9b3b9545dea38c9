"""A peer of which something comes is not silent, and one that is slow has not cut anything: what came is said.

RFC 3261 §7.5 and RFC 5626 §3.5.1 for line ends alone.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from sipcheck import Cause, CredentialState, Outcome, Party, Reason, Report, TransportName
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import Reply
from tests.sipcheck.provoked.field_rows import FieldRow, Script, assert_row, challenge, cseq_of

UDP, TCP, TLS = TransportName
EVERY_SECONDS = 0.1  # as long as the run lasts, whatever the machine
PIECES = 12


def dripping(request: bytes) -> Iterator[bytes]:
    """A byte now and then."""
    for number in range(PIECES):
        yield reply_to(request)[number : number + 1]
        time.sleep(EVERY_SECONDS)


def sending(piece: bytes) -> Script:
    def script(_: bytes) -> Iterator[bytes]:
        for _number in range(PIECES):
            yield piece
            time.sleep(EVERY_SECONDS)

    return script


def dripping_behind_the_password(request: bytes) -> Iterator[bytes]:
    if request.startswith(b"REGISTER") and cseq_of(request) > 1:
        yield from dripping(request)
    elif request.startswith(b"REGISTER"):
        yield reply_to(request, 401, headers=[challenge()])
    else:
        yield reply_to(request)


UNFINISHED = FieldRow(
    name="one-byte-now-and-then",
    script=dripping,
    transport=TCP,
    outcome=Outcome.FAILED,
    reason=Reason.SIP_MALFORMED_RESPONSE,
    cause=Cause.UNFINISHED,
    credentials=CredentialState.NOT_TESTED,
    party=Party.CARRIER,
    exit_status=1,
    options={"credentials": None, "timeout_seconds": 2},
    says=("began an answer and did not finish it", "pieces, the last"),
    never_says=("cut short", "silent", "broke off", "begins as SIP"),
)
KEPT_ALIVE = FieldRow(
    name="line-ends-alone",
    script=sending(b"\r\n\r\n"),
    transport=TCP,
    outcome=Outcome.FAILED,
    reason=Reason.NO_RESPONSE,
    cause=Cause.KEEP_ALIVES_ONLY,
    credentials=CredentialState.NOT_TESTED,
    party=Party.CONFIGURATION,
    exit_status=1,
    options={"credentials": None, "timeout_seconds": 2},
    says=("gave no answer, and is not silent: only line ends came (keep-alives, ",),
    never_says=("is silent", "firewall and", "ignore unknown"),
)
AT_ONCE = replace(
    UNFINISHED,
    name="half-and-no-more",
    script=lambda request: [reply_to(request)[:60]],
    says=("60 bytes of an answer came, ",),
    never_says=("pieces", "cut short", "silent"),
)
BEHIND_LINE_ENDS = replace(
    UNFINISHED,
    name="line-ends-and-half",
    script=lambda request: [b"\r\n\r\n", reply_to(request)[:60]],
    says=("60 bytes of an answer came, ",),
    never_says=("line ends", "silent"),
)
PASSWORD_SENT = replace(
    UNFINISHED,
    name="behind-the-password",
    script=dripping_behind_the_password,
    credentials=CredentialState.UNPROVEN,
    options={"timeout_seconds": 3},
)
ANSWERED = replace(
    KEPT_ALIVE,
    name="line-ends-and-an-answer",
    script=lambda request: [b"\r\n\r\n", reply_to(request), b"\r\n"],
    outcome=Outcome.VERIFIED,
    reason=Reason.ALIVE,
    cause=None,
    party=Party.NOBODY,
    exit_status=0,
    says=(),
    never_says=("line ends",),
)
BY_DATAGRAM = replace(KEPT_ALIVE, transport=UDP, script=lambda _: [Reply(data=b"\r\n\r\n")])
ROWS = [
    *(
        replace(row, transport=transport)
        for row in (UNFINISHED, AT_ONCE, BEHIND_LINE_ENDS, PASSWORD_SENT, KEPT_ALIVE, ANSWERED)
        for transport in (TCP, TLS)
    ),
    replace(KEPT_ALIVE, name="lone-line-feeds", script=sending(b"\n")),
    *(
        replace(row, windowed=windowed)
        for row in (
            BY_DATAGRAM,
            replace(BY_DATAGRAM, name="four-zero-bytes", script=lambda _: [bytes(4)]),
            replace(BY_DATAGRAM, name="one-line-end", script=lambda _: [b"\r\n"]),
            replace(ANSWERED, transport=UDP),
        )
        for windowed in (False, True)
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_and_its_verdict(row: FieldRow, reports: Mapping[str, Report | Exception]) -> None:
    assert_row(row, reports[str(row)])
