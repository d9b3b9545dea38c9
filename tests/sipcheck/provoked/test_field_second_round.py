"""What stands in a second challenge does not make a refused password anything else, and a second realm is no refusal.

RFC 3261 §22.2 and §22.3; docs/design/sip.md, requirement 15.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pytest

from sipcheck import Cause, Credentials, CredentialState, Outcome, Party, Reason, Report
from tests.peers.udp_peer import Reply
from tests.sipcheck.provoked.field_rows import (
    FieldRow,
    Script,
    assert_row,
    challenge,
    cseq_of,
    on_each_path,
    scripted,
)

EDGE, CORE = challenge("edge"), challenge("core", nonce="n0nce2")
BOTH = {"credentials": Credentials("alice", "secret", realms=("edge", "core"))}
EDGE_ALONE = {"credentials": Credentials("alice", "secret", realms=("edge",))}
NEVER_SENT = ("none was sent", "no password was sent")

# What the second 401 or 407 holds, none of which a caller can answer with anything new.
REFUSALS: Mapping[str, Sequence[tuple[str, str]]] = {
    "no-challenge": (),
    "the-same-challenge": (EDGE,),
    "a-new-nonce": (challenge("edge", nonce="n0nce2"),),
    "unreadable": (("WWW-Authenticate", 'Digest realm="edge'),),
    "no-nonce": (("WWW-Authenticate", 'Digest realm="edge"'),),
    "basic": (("WWW-Authenticate", 'Basic realm="edge"'),),
    "unknown-algorithm": (("WWW-Authenticate", 'Digest realm="edge", nonce="n", algorithm=SHA-1'),),
}


def rejected(name: str, status: int, headers: Sequence[tuple[str, str]]) -> FieldRow:
    proxy = status == 407
    first = challenge("edge", proxy=proxy)
    second = [("Proxy-Authenticate" if proxy else key, value) for key, value in headers]
    return FieldRow(
        name=f"second-{status}-{name}",
        script=scripted(register=[(status, [first]), (status, second)]),
        outcome=Outcome.FAILED,
        reason=Reason.CREDENTIALS_REJECTED,
        credentials=CredentialState.REJECTED,
        party=Party.CONFIGURATION,
        exit_status=1,
        says=(f"rejects the username or the password ({status} Phrase)",),
        never_says=NEVER_SENT,
        knocks=2,
    )


def reachable(cause: Cause, name: str, *answers: tuple[int, Sequence[tuple[str, str]]]) -> FieldRow:
    return FieldRow(
        name=name,
        script=scripted(register=answers),
        outcome=Outcome.REACHABLE,
        reason=Reason.ALIVE_CREDENTIALS_UNPROVEN,
        cause=cause,
        credentials=CredentialState.UNPROVEN,
        party=Party.NOBODY,
        exit_status=4,
        says=("the realm 'edge' was answered, and then 'core' was asked for, which was not",),
        never_says=NEVER_SENT,
        knocks=1,
    )


ROWS = [
    *on_each_path(
        *(rejected(name, status, headers) for name, headers in REFUSALS.items() for status in (401, 407))
    ),
    *on_each_path(
        reachable(Cause.SECOND_REALM, "second-realm", (401, [EDGE]), (401, [CORE])),
        reachable(
            Cause.SECOND_REALM,
            "second-realm-of-a-proxy",
            (407, [challenge("edge", proxy=True)]),
            (407, [challenge("core", proxy=True)]),
        ),
        FieldRow(
            name="second-realm-configured",
            script=scripted(register=[(401, [EDGE]), (401, [CORE]), (200, [])]),
            options=BOTH,
            outcome=Outcome.VERIFIED,
            reason=Reason.CREDENTIALS_PROVEN,
            credentials=CredentialState.PROVEN,
            party=Party.NOBODY,
            exit_status=0,
            knocks=0,
        ),
        FieldRow(
            name="several-realms-of-a-407-configured",
            script=scripted(
                register=[(407, [challenge("edge", proxy=True), challenge("core", proxy=True)]), (200, [])]
            ),
            options=BOTH,
            outcome=Outcome.VERIFIED,
            reason=Reason.CREDENTIALS_PROVEN,
            credentials=CredentialState.PROVEN,
            party=Party.NOBODY,
            exit_status=0,
        ),
        FieldRow(
            name="second-realm-configured-and-refused",
            script=scripted(register=[(401, [EDGE]), (401, [CORE]), (401, [CORE])]),
            options=BOTH,
            outcome=Outcome.FAILED,
            reason=Reason.CREDENTIALS_REJECTED,
            credentials=CredentialState.REJECTED,
            party=Party.CONFIGURATION,
            exit_status=1,
        ),
        FieldRow(
            name="second-realm-not-allowed",
            script=scripted(register=[(401, [EDGE]), (401, [CORE])]),
            options=EDGE_ALONE,
            outcome=Outcome.FAILED,
            reason=Reason.REALM_MISMATCH,
            cause=Cause.SECOND_REALM,
            credentials=CredentialState.UNPROVEN,
            party=Party.CONFIGURATION,
            exit_status=1,
            says=("the realm 'edge' was answered, and then 'core' was asked for, which was not",),
            never_says=NEVER_SENT,
        ),
        FieldRow(
            name="first-realm-not-allowed",
            script=scripted(register=[(401, [CORE])]),
            options=EDGE_ALONE,
            outcome=Outcome.FAILED,
            reason=Reason.REALM_MISMATCH,
            credentials=CredentialState.NOT_TESTED,
            party=Party.CONFIGURATION,
            exit_status=1,
            says=("none was sent: the realm is 'core', expected 'edge'",),
        ),
    ),
]


def from_elsewhere(status: int, *headers: tuple[str, str]) -> Script:
    """Challenge from where the request went, and answer the digest from another port."""

    def script(request: bytes) -> Iterable[bytes | Reply]:
        answers = scripted(register=[(status, [EDGE]), (status, headers)])(request)
        if request.startswith(b"REGISTER") and cseq_of(request) > 1:
            return [Reply(data=each, from_elsewhere=True) for each in answers if isinstance(each, bytes)]
        return answers

    return script


STALE = ("WWW-Authenticate", 'Digest realm="edge", nonce="n2", stale=true, qop="auth"')
ELSEWHERE = [
    *(
        replace(
            rejected("x", 401, headers),
            name=name,
            script=from_elsewhere(401, *headers),
            says=("rejects the username or the password (401 Phrase from 127.0.0.1:",),
        )
        for name, headers in (("refused-from-elsewhere", [EDGE]), ("refused-bare-from-elsewhere", []))
    ),
    replace(
        reachable(Cause.CHALLENGE_FROM_ELSEWHERE, "stale-from-elsewhere"),
        script=from_elsewhere(401, STALE),
        says=("which is not where the request went, is not answered; so the password was not sent again",),
    ),
]
ROWS += [replace(row, windowed=windowed) for row in ELSEWHERE for windowed in (False, True)]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_and_its_verdict(row: FieldRow, reports: Mapping[str, Report | Exception]) -> None:
    assert_row(row, reports[str(row)])
