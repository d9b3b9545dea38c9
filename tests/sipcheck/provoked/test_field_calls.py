"""A proof by INVITE: every row of its table, by what a carrier answers to a call that rings nobody."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from sipcheck import Cause, CredentialState, Outcome, Party, Proof, Reason, Report, TransportName, WarningCode
from tests.peers.call_peer import CallScript
from tests.peers.udp_peer import Reply
from tests.sipcheck.provoked.field_rows import FieldRow, assert_row, verify_all
from tests.sipcheck.provoked.seen import Seen

UDP, TCP, TLS = TransportName
NUMBER = "+889000000000"
AGAIN = ("Proxy-Authenticate", 'Digest realm="carrier.example", nonce="m", qop="auth"')
STALE = ("Proxy-Authenticate", 'Digest realm="carrier.example", nonce="m", qop="auth", stale=true')
OTHER = ("WWW-Authenticate", 'Digest realm="another.example", nonce="m", qop="auth"')

PROVEN = FieldRow(
    name="proven",
    outcome=Outcome.VERIFIED,
    reason=Reason.CREDENTIALS_PROVEN,
    cause=Cause.BY_INVITE,
    credentials=CredentialState.PROVEN,
    party=Party.NOBODY,
    exit_status=0,
    options={"proof": Proof.INVITE},
    warnings=frozenset(),
    knocks=0,
)


def answered(row: FieldRow, status: int, *headers: tuple[str, str], **script: Any) -> FieldRow:
    """The row of a carrier that gives the call this answer, behind its challenge unless the script says otherwise."""
    carrier = CallScript(answers=((status, "Phrase", headers),), **script)
    how = "" if "challenge" not in script else f"-{script['challenge'] or 'unchallenged'}"
    return replace(row, name=f"{row.name}-{status}{how}", script=carrier)


def forbidden(cause: Cause | None, knocks: int) -> FieldRow:
    return replace(
        PROVEN,
        name="forbidden",
        outcome=Outcome.REACHABLE,
        reason=Reason.CALL_FORBIDDEN,
        cause=cause,
        credentials=CredentialState.UNPROVEN,
        party=Party.CONFIGURATION,
        exit_status=4,
        knocks=knocks,
    )


def temporary(reason: Reason, cause: Cause | None = None) -> FieldRow:
    return replace(
        PROVEN,
        name="temporary",
        outcome=Outcome.INCONCLUSIVE,
        reason=reason,
        cause=cause,
        credentials=CredentialState.UNPROVEN,
        party=Party.CARRIER,
        exit_status=3,
        knocks=1,
    )


UNPROVEN = replace(
    PROVEN,
    name="unproven",
    outcome=Outcome.REACHABLE,
    reason=Reason.ALIVE_CREDENTIALS_UNPROVEN,
    cause=Cause.ACCEPTED_THEN_REFUSED,
    credentials=CredentialState.UNPROVEN,
    exit_status=4,
    knocks=1,
)
NEVER = replace(UNPROVEN, name="never", cause=Cause.NEVER_CHALLENGED, knocks=0)
LET_THROUGH = replace(
    NEVER,
    name="let-through",
    warnings=frozenset({WarningCode.CALL_UNCHALLENGED}),
    says=("was let through (", "no password was asked for"),
)
REJECTED = replace(
    PROVEN,
    name="rejected",
    outcome=Outcome.FAILED,
    reason=Reason.CREDENTIALS_REJECTED,
    cause=None,
    credentials=CredentialState.REJECTED,
    party=Party.CONFIGURATION,
    exit_status=1,
    knocks=2,
)
TAKEN = replace(
    PROVEN,
    name="taken",
    warnings=frozenset({WarningCode.CALL_WAS_ANSWERED}),
    says=(f"{NUMBER} took the call, and was hung up at once",),
)
NOT_UNDERSTOOD = replace(temporary(Reason.SIP_BAD_REQUEST), name="not-understood", party=Party.OURS)
SHORT = {"proof": Proof.INVITE, "timeout_seconds": 2}


class Late(CallScript):
    """Ends what it was asked only once the run is over, so that the call comes to its end, and the engine with it."""

    def __call__(self, request: bytes) -> list[bytes | Reply]:
        if sum(each == request for each in self.requests) >= 3:
            self.answers = ((480, "Late"),)
        return super().__call__(request)


ROWS: Sequence[FieldRow] = [
    # Behind the answered challenge: what is said of the call.
    *(answered(PROVEN, status) for status in (180, 183, 302, 404, 410, 480, 484, 486, 488)),
    *(answered(PROVEN, status) for status in (600, 603, 604, 606, 607, 608)),
    *(answered(PROVEN, 486, challenge=status) for status in (401, 407)),
    answered(TAKEN, 200),
    # The call was taken while its CANCEL was on the way.
    replace(
        TAKEN,
        name="taken-crossing",
        script=CallScript(cancelled=((200, "OK"),)),
        says=(*TAKEN.says, "(200 OK)"),
    ),
    answered(replace(REJECTED, name="rejected-again"), 407, AGAIN),
    answered(replace(REJECTED, name="rejected-bare"), 407),
    answered(REJECTED, 401, ("WWW-Authenticate", AGAIN[1]), challenge=401),
    answered(forbidden(None, 2), 403),
    *(answered(NOT_UNDERSTOOD, status) for status in (400, 420, 421, 482, 483, 494)),
    *(answered(UNPROVEN, status) for status in (402, 405, 433, 481, 501)),
    answered(temporary(Reason.SIP_SERVICE_UNAVAILABLE), 503, ("Retry-After", "30")),
    *(answered(temporary(Reason.SIP_SERVER_ERROR), status) for status in (500, 504)),
    answered(temporary(Reason.SIP_REQUEST_TIMEOUT), 408),
    # One authenticated INVITE, whatever is asked for behind it.
    replace(
        answered(replace(UNPROVEN, name="stale"), 407, STALE),
        outcome=Outcome.FAILED,
        reason=Reason.AUTH_STALE_LOOP,
        cause=None,
        party=Party.CARRIER,
        exit_status=1,
    ),
    answered(replace(UNPROVEN, name="second-realm", cause=Cause.SECOND_REALM), 401, OTHER),
    # Silence, and 100 alone.
    replace(
        temporary(Reason.SIP_REQUEST_TIMEOUT, Cause.CREDENTIALS_UNANSWERED),
        name="silent-behind-the-password",
        script=Late(answers=()),
        options=SHORT,
    ),
    replace(
        temporary(Reason.SIP_REQUEST_TIMEOUT, Cause.CREDENTIALS_UNANSWERED),
        name="trying-behind-the-password",
        script=CallScript(answers=((100, "Trying"),)),
        options=SHORT,
    ),
    # Nobody asked for a password.
    answered(forbidden(Cause.UNCHALLENGED, 1), 403, challenge=None),
    *(answered(NEVER, status, challenge=None) for status in (302, 404, 484, 486, 488, 501, 603)),
    *(answered(LET_THROUGH, status, challenge=None) for status in (180, 183)),
    answered(
        replace(
            LET_THROUGH,
            warnings=frozenset({WarningCode.CALL_UNCHALLENGED, WarningCode.CALL_WAS_ANSWERED}),
        ),
        200,
        challenge=None,
    ),
    answered(replace(temporary(Reason.SIP_SERVICE_UNAVAILABLE), knocks=0), 503, challenge=None),
    replace(
        UNPROVEN,
        name="silent",
        cause=Cause.INVITE_UNANSWERED,
        script=Late(answers=(), challenge=None),
        options=SHORT,
    ),
    # OPTIONS beside it.
    replace(
        answered(PROVEN, 486, options=()),
        name="options-ignored",
        warnings=frozenset({WarningCode.OPTIONS_IGNORED}),
        knocks=0,
        options={"proof": Proof.INVITE, "timeout_seconds": 5},
    ),
    answered(replace(forbidden(None, 3), name="options-forbidden"), 403, options=((403, "No"),)),
    # Over streams.
    *(
        replace(row, transport=transport)
        for transport in (TCP, TLS)
        for row in (
            answered(PROVEN, 180),
            answered(PROVEN, 404),
            answered(TAKEN, 200),
            answered(REJECTED, 407, AGAIN),
            answered(forbidden(None, 2), 403),
            answered(LET_THROUGH, 180, challenge=None),
        )
    ),
]


@pytest.fixture(scope="module")
def reports() -> dict[str, Report | Exception]:
    return verify_all(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_call_and_its_verdict(row: FieldRow, reports: dict[str, Report | Exception]) -> None:
    report = reports[str(row)]
    assert_row(row, report)
    assert isinstance(report, Report)
    seen = Seen(report, None)
    assert seen.sent("REGISTER") == 0
    distinct = {step.text for step in seen.steps if step.text.startswith("INVITE") and "Digest" in step.text}
    assert len(distinct) <= 1
    invite = next(step.text for step in seen.steps if step.text.startswith("INVITE"))
    assert f"INVITE sip:{NUMBER}@127.0.0.1:" in invite
    assert f"\nTo: <sip:{NUMBER}@127.0.0.1;user=phone>\n" in invite
    assert "\nFrom: <sip:alice@127.0.0.1>" in invite
    assert "100rel" not in invite
    assert "timer" not in invite
