"""What comes where an answer was expected: bytes that no message can be cut from, and other protocols.

Where the advice sends the carrier's engineers to the trace, the bytes stand there; of what is not SIP only the name of
the protocol does (docs/design/sip.md, hazard 3).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from sipcheck import Cause, CredentialState, Outcome, Party, Reason, Report, TransportName
from sipcheck.report.model import Direction
from tests.peers.sip_reply import reply_to
from tests.sipcheck.provoked.field_rows import FieldRow, Script, assert_row, on_each_path

TCP = TransportName.TCP
CLOSE = b""


def with_length(*lines: bytes) -> Callable[[bytes], bytes]:
    """Answer with these lines in the place of Content-Length."""

    def answer(request: bytes) -> bytes:
        return re.sub(
            rb"Content-Length: 0\r\n", b"".join(line + b"\r\n" for line in lines), reply_to(request)
        )

    return answer


def script_of(*answers: bytes | Callable[[bytes], bytes]) -> Script:
    return lambda request: [each if isinstance(each, bytes) else each(request) for each in answers]


def malformed(
    name: str, *answers: bytes | Callable[[bytes], bytes], says: str, cause: Cause | None = None
) -> FieldRow:
    return FieldRow(
        name=name,
        script=script_of(*answers),
        transport=TCP,
        outcome=Outcome.FAILED,
        reason=Reason.SIP_MALFORMED_RESPONSE,
        cause=cause,
        credentials=CredentialState.NOT_TESTED,
        party=Party.CARRIER,
        exit_status=1,
        options={"credentials": None},
        says=(says, "in the trace"),
        never_says=("another service",),
    )


def other(
    name: str, answer: bytes, *more: bytes, protocol: str | None, cause: Cause | None = Cause.OTHER_PROTOCOL
) -> FieldRow:
    return FieldRow(
        name=name,
        script=script_of(answer, *more),
        transport=TCP,
        outcome=Outcome.FAILED,
        reason=Reason.SIP_NOT_SPOKEN,
        cause=cause,
        credentials=CredentialState.NOT_TESTED,
        party=Party.CONFIGURATION,
        exit_status=1,
        options={"credentials": None},
        says=(protocol.upper() if cause is Cause.TLS_SPOKEN else protocol,) if protocol else ("not SIP",),
        never_says=("begins as SIP",),
        facts={"protocol": protocol} if protocol else {},
    )


def half(request: bytes) -> bytes:
    return reply_to(request)[:120]


MALFORMED = [
    malformed("no-length", with_length(), says="no Content-Length"),
    malformed(
        "two-lengths-that-differ", with_length(b"Content-Length: 0", b"l: 5"), says="two Content-Length"
    ),
    malformed("a-length-that-is-no-number", with_length(b"Content-Length: none"), says="Content-Length is"),
    malformed("a-length-below-zero", with_length(b"Content-Length: -1"), says="Content-Length is"),
    malformed("a-length-without-end", with_length(b"Content-Length: 99999999999"), says="Content-Length is"),
    malformed("cut-short-and-closed", half, CLOSE, says="in the middle of a message"),
    malformed("cut-short-and-open", half, says="120 bytes of an answer came", cause=Cause.UNFINISHED),
    malformed(
        "a-body-that-does-not-come",
        with_length(b"Content-Length: 50"),
        says="and its end did not",
        cause=Cause.UNFINISHED,
    ),
    malformed("a-status-that-is-none", b"SIP/2.0 2000 OK\r\n\r\n", says="status line"),
    malformed("another-version", b"SIP/3.0 200 OK\r\nContent-Length: 0\r\n\r\n", says="status line"),
]
NO_MESSAGE = {row.name for row in MALFORMED}
WEBSOCKET = b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n"
ALERT = b"\x15\x03\x01\x00\x02\x02\x46"
OTHERS = [
    other("http", b"HTTP/1.1 400 Bad Request\r\nServer: sEcReT\r\n\r\n", CLOSE, protocol="http"),
    other("websocket", WEBSOCKET, CLOSE, protocol="websocket"),
    other("ssh", b"SSH-2.0-OpenSSH_9.2\r\n", protocol="ssh"),
    other("smtp", b"220 mail.example ESMTP\r\n", protocol="smtp or ftp"),
    other("smtp-without-a-line-end", b"220 mail.example", protocol="smtp or ftp"),
    other("smtp-without-a-line-end-closed", b"220 mail.example", CLOSE, protocol="smtp or ftp"),
    other("redis", b"-ERR unknown command 'OPTIONS'\r\n", protocol="redis"),
    other("a-tls-alert", ALERT, CLOSE, protocol="tls", cause=Cause.TLS_SPOKEN),
    other("a-tls-alert-and-open", ALERT, protocol="tls", cause=Cause.TLS_SPOKEN),
    other("noise", b"\x00\x01\x02\x03", protocol=None, cause=None),
]
OVER_TLS = [
    replace(row, transport=TransportName.TLS)
    for row in (*MALFORMED, *OTHERS)
    if row.cause is not Cause.TLS_SPOKEN
]
# What looks like TLS inside of TLS is nothing that we asked without.
ALERT_ELSEWHERE = replace(
    other("a-tls-alert", ALERT, CLOSE, protocol="tls"),
    transport=TransportName.TLS,
    never_says=("asked without", "transport to tls"),
)
ROWS = [
    *MALFORMED,
    *OTHERS,
    *OVER_TLS,
    ALERT_ELSEWHERE,
    *(
        replace(ALERT_ELSEWHERE, script=script_of(ALERT), transport=TransportName.UDP, windowed=windowed)
        for windowed in (False, True)
    ),
    *(
        replace(row, transport=TransportName.UDP, windowed=windowed)
        for row in OTHERS
        if row.name in ("http", "websocket", "ssh", "noise")
        for windowed in (False, True)
    ),
    *on_each_path(
        replace(
            malformed(
                "two-vias", with_length(b"Via: SIP/2.0/UDP 192.0.2.7", b"Content-Length: 0"), says="2 Via"
            ),
            name="two-vias",
        )
    ),
]


def received(report: Report | Exception) -> list[bytes]:
    assert isinstance(report, Report)
    return [step.message for step in report.trace if step.direction is Direction.RECEIVED]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_and_its_verdict(row: FieldRow, reports: Mapping[str, Report | Exception]) -> None:
    assert_row(row, reports[str(row)])


@pytest.mark.parametrize("row", [row for row in ROWS if row.name in NO_MESSAGE], ids=str)
def test_the_faulty_bytes_stand_in_the_trace(
    row: FieldRow, reports: Mapping[str, Report | Exception]
) -> None:
    (message,) = received(reports[str(row)])
    assert message.startswith((b"SIP/2.0 200 OK\r\n", b"SIP/2.0 2000", b"SIP/3.0"))
    assert len(message) == 120 or message.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("row", [row for row in ROWS if row.reason is Reason.SIP_NOT_SPOKEN], ids=str)
def test_of_another_protocol_nothing_but_its_name_is_told(
    row: FieldRow, reports: Mapping[str, Report | Exception]
) -> None:
    report = reports[str(row)]
    assert received(report) == []
    words = str(report)
    assert not any(word in words for word in ("sEcReT", "OpenSSH", "mail.example", "unknown command"))
