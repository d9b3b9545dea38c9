"""Answers that are not to our request, or repeat it in other letters (RFC 3261 §7.3.1, §17.1.3)."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from sipcheck import Cause, CredentialState, Outcome, Party, Reason, Report, TransportName
from sipcheck.report.model import Direction
from tests.peers.sip_reply import reply_to
from tests.sipcheck.provoked.field_rows import FieldRow, Script, assert_row, on_each_path

FIREWALL = "firewall"


def answering(*changes: Callable[[bytes], bytes], first: Sequence[int] = ()) -> Script:
    """Answer with 200, once for each change to it, behind provisional answers that are as they should be."""

    def script(request: bytes) -> list[bytes]:
        before = [reply_to(request, status, "Trying") for status in first]
        return before + [change(reply_to(request)) for change in changes]

    return script


def swapping(
    pattern: bytes, replacement: bytes | Callable[[re.Match[bytes]], bytes]
) -> Callable[[bytes], bytes]:
    def change(reply: bytes) -> bytes:
        changed, count = re.subn(pattern, replacement, reply, count=1)
        assert count == 1, (pattern, reply)
        return changed

    return change


ANOTHER_BRANCH = swapping(rb"branch=z9hG4bK", b"branch=z9hG4bKx")
ANOTHER_CALL_ID = swapping(rb"Call-ID: ", b"Call-ID: x")
ANOTHER_CSEQ = swapping(rb"CSeq: 1 ", b"CSeq: 77 ")
ANOTHER_METHOD = swapping(rb"CSeq: 1 [A-Z]+", b"CSeq: 1 INFO")
ANOTHER_TAG = swapping(rb"(From: [^\r]*;tag=)", rb"\1x")
NO_TAG = swapping(rb"(From: [^\r;]*);tag=[^\r]*", rb"\1")
SHOUTED_BRANCH = swapping(rb"branch=[^;\r]+", lambda found: b"branch=" + found[0][7:].upper())
SHOUTED_TAG = swapping(rb"(From: [^\r]*;tag=)([^\r]+)", lambda found: found[1] + found[2].upper())
SHOUTED_NAMES = swapping(rb"branch=", b"BRANCH=")


def not_ours(
    name: str, *changes: Callable[[bytes], bytes], differs: str, first: Sequence[int] = ()
) -> FieldRow:
    return FieldRow(
        name=name,
        script=answering(*changes, first=first),
        outcome=Outcome.FAILED,
        reason=Reason.NO_RESPONSE,
        cause=Cause.ANSWERS_NOT_OURS,
        credentials=CredentialState.UNPROVEN,
        party=Party.NETWORK,
        exit_status=1,
        says=(f"with another {differs}",),
        never_says=(FIREWALL, "is silent", "ignore"),
    )


def alive(name: str, *changes: Callable[[bytes], bytes], facts: Mapping[str, str] | None = None) -> FieldRow:
    return FieldRow(
        name=name,
        script=answering(*changes),
        options={"credentials": None},
        outcome=Outcome.VERIFIED,
        reason=Reason.ALIVE,
        credentials=CredentialState.NOT_TESTED,
        party=Party.NOBODY,
        exit_status=0,
        facts=facts or {},
    )


OF_ITS_OWN = (
    b"OPTIONS sip:us SIP/2.0\r\nVia: SIP/2.0/TCP peer.test;branch=z9hG4bKq\r\nFrom: <sip:a@peer.test>;tag=1\r\n"
    b"To: <sip:us>\r\nCall-ID: q\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)


def requests_only(name: str, script: Script, *, says: str) -> FieldRow:
    return FieldRow(
        name=name,
        script=script,
        outcome=Outcome.FAILED,
        reason=Reason.NO_RESPONSE,
        cause=Cause.REQUESTS_ONLY,
        credentials=CredentialState.UNPROVEN,
        party=Party.CONFIGURATION,
        exit_status=1,
        says=("sent no answer, and only requests", says),
        never_says=(FIREWALL, "is silent", "ignore"),
    )


SILENCE = FieldRow(
    name="silence",
    script=answering(),
    outcome=Outcome.FAILED,
    reason=Reason.NO_RESPONSE,
    cause=Cause.SILENCE,
    credentials=CredentialState.UNPROVEN,
    party=Party.NETWORK,
    exit_status=1,
    says=(FIREWALL, "no answer"),
)
ROWS = [
    *on_each_path(
        not_ours("another-branch", ANOTHER_BRANCH, differs="branch"),
        not_ours("another-call-id", ANOTHER_CALL_ID, differs="Call-ID"),
        not_ours("another-cseq", ANOTHER_CSEQ, differs="CSeq"),
        not_ours("another-method", ANOTHER_METHOD, differs="CSeq"),
        not_ours("another-tag", ANOTHER_TAG, differs="From tag"),
        not_ours("no-tag", NO_TAG, differs="From tag"),
        not_ours("trying-then-another-call-id", ANOTHER_CALL_ID, differs="Call-ID", first=[100]),
        not_ours(
            "another-branch-and-cseq",
            lambda reply: ANOTHER_BRANCH(ANOTHER_CSEQ(reply)),
            differs="branch and CSeq",
        ),
        alive("a-branch-in-other-letters", SHOUTED_BRANCH),
        alive("a-tag-in-other-letters", SHOUTED_TAG),
        alive("a-parameter-in-other-letters", SHOUTED_NAMES),
        alive(
            "another-call-id-then-the-answer",
            ANOTHER_CALL_ID,
            lambda reply: reply,
            facts={"other-answers": "1 answer with another Call-ID"},
        ),
        replace(
            SILENCE,
            name="trying-and-no-more",
            script=answering(first=[100, 100]),
            cause=Cause.PROVISIONAL_ONLY,
            party=Party.CARRIER,
            says=("100",),
            never_says=("let 127.0.0.1 through", "ignore", "is silent"),
        ),
        SILENCE,
    ),
    *on_each_path(
        requests_only("our-own-request", lambda request: [request], says="our own request, sent back")
    ),
    # What the shared socket cannot tell from what is meant for others leaves it silence.
    *(
        replace(
            requests_only(
                "a-request-of-its-own", lambda request: [OF_ITS_OWN], says="a request of its own, OPTIONS"
            ),
            transport=transport,
        )
        for transport in (TransportName.TCP, TransportName.TLS)
    ),
    # On a socket that others share, what names neither our branch nor our Call-ID may be meant for them.
    *(
        replace(
            SILENCE,
            name="another-branch-and-call-id",
            script=answering(lambda reply: ANOTHER_BRANCH(ANOTHER_CALL_ID(reply))),
            windowed=windowed,
        )
        for windowed in (False, True)
    ),
    replace(
        not_ours(
            "another-branch-and-call-id",
            lambda reply: ANOTHER_BRANCH(ANOTHER_CALL_ID(reply)),
            differs="branch and Call-ID",
        ),
        transport=TransportName.TCP,
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_and_its_verdict(row: FieldRow, reports: Mapping[str, Report | Exception]) -> None:
    assert_row(row, reports[str(row)])


@pytest.mark.parametrize("row", [row for row in ROWS if row.cause is Cause.ANSWERS_NOT_OURS], ids=str)
def test_what_is_not_ours_leaves_its_mark(row: FieldRow, reports: Mapping[str, Report | Exception]) -> None:
    """An event that says what differs, the bytes themselves, and a fact of the edge; on both paths alike."""
    report = reports[str(row)]
    assert isinstance(report, Report)
    (differs,) = (phrase.removeprefix("with ") for phrase in row.says)
    events = [step.text for step in report.trace if step.direction is Direction.EVENT]
    assert any(f"a 200 with {differs} is no answer" in text for text in events), events
    assert any(b"SIP/2.0 200 OK" in step.message for step in report.trace)
    assert differs in report.edges[0].facts["other-answers"]
