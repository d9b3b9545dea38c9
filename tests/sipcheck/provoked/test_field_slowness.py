"""A carrier that is slow is not called a line that loses packets, nor the other way (RFC 3261 §17.1.2.2)."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from sipcheck import Cause, CredentialState, Outcome, Party, Reason, Report, WarningCode
from sipcheck.report.model import Direction
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import Reply
from tests.sipcheck.provoked.field_rows import FieldRow, Script, assert_row, challenge

SLOW_SECONDS = 1.0  # between the first sending again and the second
EACH = "each sending was answered"
IS_SLOW = "is slow"
LOST = ("get lost", "packets")


def slow(request: bytes) -> list[Reply]:
    """Answer whatever comes, each time, after a second."""
    proven = request.startswith(b"OPTIONS") or b"\r\nAuthorization:" in request
    reply = reply_to(request) if proven else reply_to(request, 401, "Unauthorized", headers=[challenge()])
    return [Reply(data=reply, after_seconds=SLOW_SECONDS)]


def slow_behind_trying(request: bytes) -> list[Reply]:
    """Say 100 at once, and the rest after a second."""
    return [Reply(data=reply_to(request, 100, "Trying")), *slow(request)]


def absorbing() -> Script:
    """Answer the first sending of each request alone, after a second: a server that absorbs the others (§17.2.2)."""
    seen: set[bytes] = set()

    def script(request: bytes) -> list[Reply]:
        answers = [] if request in seen else slow(request)
        seen.add(request)
        return answers

    return script


def lossy() -> Script:
    """Take the first sending of each request for lost, and answer the next at once."""
    seen: set[bytes] = set()

    def script(request: bytes) -> list[Reply]:
        answers = [replace(each, after_seconds=0.0) for each in slow(request)] if request in seen else []
        seen.add(request)
        return answers

    return script


def row(name: str, script: Script, *, says: tuple[str, ...], never_says: tuple[str, ...]) -> FieldRow:
    return FieldRow(
        name=name,
        script=script,
        outcome=Outcome.VERIFIED,
        reason=Reason.CREDENTIALS_PROVEN,
        credentials=CredentialState.PROVEN,
        party=Party.NOBODY,
        exit_status=0,
        options={"timeout_seconds": 20},
        warnings=frozenset({WarningCode.RETRANSMITTED}),
        says=("OPTIONS was sent again once", *says),
        never_says=(*never_says, *LOST),
    )


def both(*rows: FieldRow) -> list[FieldRow]:
    return [replace(each, windowed=windowed) for each in rows for windowed in (False, True)]


def out_of_time(name: str, script: Script, said: str) -> list[FieldRow]:
    """The digest's answer would come behind the deadline: nothing is known of the password, and nothing was lost."""
    proven = row(name, script, says=("the answer took", said), never_says=())
    return both(
        replace(
            proven,
            outcome=Outcome.INCONCLUSIVE,
            reason=Reason.SIP_REQUEST_TIMEOUT,
            cause=Cause.CREDENTIALS_UNANSWERED,
            credentials=CredentialState.UNPROVEN,
            party=Party.CARRIER,
            exit_status=3,
            options={"timeout_seconds": 2.3},
        )
    )


ROWS = [
    *out_of_time("slow-for-three-answers", slow, "gave no final answer once it was sent: no answer in"),
    *out_of_time("trying-and-slow-for-three-answers", slow_behind_trying, "once it was sent: only 100"),
    *both(row("slow-each-time", slow, says=(EACH, IS_SLOW), never_says=())),
    *both(
        row(
            "trying-and-slow",
            slow_behind_trying,
            says=("the carrier had the request", IS_SLOW),
            never_says=(),
        )
    ),
    *[
        replace(row(name, make(), says=("the answer took",), never_says=(EACH, IS_SLOW)), windowed=windowed)
        for name, make in (("slow-and-absorbing", absorbing), ("lossy", lossy))
        for windowed in (False, True)
    ],
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_and_its_verdict(row: FieldRow, reports: Mapping[str, Report | Exception]) -> None:
    assert_row(row, reports[str(row)])


@pytest.mark.parametrize("row", [row for row in ROWS if EACH in row.says], ids=str)
def test_what_is_said_of_each_sending_stands_in_the_trace(
    row: FieldRow, reports: Mapping[str, Report | Exception]
) -> None:
    report = reports[str(row)]
    assert isinstance(report, Report)
    options = [step for step in report.trace if b"OPTIONS" in step.message]
    sent = [step for step in options if step.direction is Direction.SENT]
    received = [step for step in options if step.direction is Direction.RECEIVED]
    assert len(sent) == 2
    assert len(received) == 2
