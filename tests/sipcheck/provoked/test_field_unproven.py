"""Why nothing proved a password is said of each of the ways in which it comes about, and none of another.

RFC 3261 §10.3, RFC 7616 §3.4.6; docs/design/sip.md, "Causes".
"""

import socket
import struct
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

import pytest

from sipcheck import Cause, CredentialState, Outcome, Party, Proof, Reason, Report, TransportName, WarningCode
from tests.peers.sip_reply import reply_to, split_message
from tests.peers.stream_peer import StreamPeer
from tests.peers.udp_peer import Reply
from tests.sipcheck.provoked.field_rows import (
    FieldRow,
    Place,
    Script,
    assert_row,
    challenge,
    on_each_path,
    scripted,
)

CHALLENGED = (401, [challenge()])
NEVER_ASKED = ("no password", "never ask", "without asking")
REFUSED = frozenset({WarningCode.REGISTER_REFUSED})
# What proves nothing behind an answered challenge: Require is handled before authentication, 400 is what RFC 7616
# §3.4.6 gives for an answer that cannot be read, and the others may be said of anything.
SAYS_NOTHING = (400, 405, 406, 416, 420, 421, 480, 481, 482, 483, 486, 488, 494, 501, 505, 600, 603, 604, 606)


def unproven(cause: Cause, name: str, script: Script, **expected: object) -> FieldRow:
    return FieldRow(
        name=name,
        script=script,
        outcome=Outcome.REACHABLE,
        reason=Reason.ALIVE_CREDENTIALS_UNPROVEN,
        cause=cause,
        credentials=CredentialState.UNPROVEN,
        party=Party.NOBODY,
        exit_status=4,
        **expected,  # type: ignore[arg-type]
    )


def refused_behind_the_proof(status: int) -> FieldRow:
    return FieldRow(
        name=f"accepted-then-{status}",
        script=scripted(register=[CHALLENGED, (status, [("Min-Expires", "60")])]),
        outcome=Outcome.VERIFIED,
        reason=Reason.CREDENTIALS_PROVEN,
        cause=Cause.ACCEPTED_THEN_REFUSED,
        credentials=CredentialState.PROVEN,
        party=Party.NOBODY,
        exit_status=0,
        says=(f"{status} Phrase", "are right"),
        warnings=REFUSED,
        knocks=0,
    )


def options_script(*answers: tuple[int, Sequence[tuple[str, str]]]) -> Script:
    """Answer OPTIONS by the number of its CSeq, and refuse REGISTER."""

    def script(request: bytes) -> list[bytes]:
        if request.startswith(b"REGISTER"):
            return [reply_to(request, 405, "Method Not Allowed")]
        status, headers = answers[1 if b"\r\nAuthorization:" in request else 0]
        return [reply_to(request, status, "Phrase", headers=headers)]

    return script


def from_elsewhere(request: bytes) -> list[bytes | Reply]:
    if request.startswith(b"OPTIONS"):
        return [reply_to(request)]
    return [Reply(data=reply_to(request, 401, "Unauthorized", headers=[challenge()]), from_elsewhere=True)]


ROWS = [
    *on_each_path(
        refused_behind_the_proof(423),
        refused_behind_the_proof(439),
        *(
            unproven(
                Cause.ACCEPTED_THEN_REFUSED,
                f"answered-then-{status}",
                scripted(register=[CHALLENGED, (status, [])]),
                says=(f"was given it, and answered REGISTER with {status} Phrase",),
                never_says=NEVER_ASKED,
                warnings=REFUSED,
                knocks=1,
            )
            for status in SAYS_NOTHING
        ),
        *(
            unproven(
                Cause.ACCEPTED_THEN_REFUSED,
                f"options-answered-then-{status}",
                options_script(CHALLENGED, (status, [])),
                says=(f"was given it, and answered OPTIONS with {status} Phrase",),
                never_says=NEVER_ASKED,
                warnings=REFUSED,
            )
            for status in (404, 423, 439, 480)
        ),
        *(
            unproven(
                Cause.REFUSED_UNCHALLENGED,
                f"unchallenged-{status}",
                scripted(register=[(status, [])]),
                says=(f"refused REGISTER with {status} Phrase and asked for no password",),
                never_says=("was given it", "packets", "firewall"),
                warnings=REFUSED,
                knocks=int(status == 403),
            )
            for status in (400, 403, 404, 405, 423, 480, 482, 483, 501, 603)
        ),
        unproven(
            Cause.NEVER_CHALLENGED,
            "unchallenged-200",
            scripted(register=[(200, [])]),
            says=("answered REGISTER with 200 Phrase and asked for no password",),
            never_says=("refused",),
            warnings=frozenset(),
            knocks=0,
        ),
        unproven(
            Cause.NEVER_CHALLENGED,
            "options-alone-unchallenged",
            scripted(register=[None]),
            options={"proof": Proof.OPTIONS},
            says=("answered OPTIONS with 200 Phrase and asked for no password",),
            never_says=("REGISTER",),
        ),
        unproven(
            Cause.REGISTER_UNANSWERED,
            "register-unanswered",
            scripted(register=[None]),
            says=("REGISTER brought no answer that can be used",),
            never_says=(*NEVER_ASKED, "firewall"),
            warnings=frozenset({WarningCode.REGISTER_IGNORED}),
            knocks=1,
        ),
    ),
    *(
        unproven(
            Cause.CHALLENGE_FROM_ELSEWHERE,
            "challenge-from-elsewhere",
            from_elsewhere,
            says=("which is not where the request went, is not answered", "401 Unauthorized from 127.0.0.1:"),
            never_says=("asked for no password", "was given it"),
            warnings=frozenset({WarningCode.RESPONSE_SOURCE_DIFFERS}),
            windowed=windowed,
        )
        for windowed in (False, True)
    ),
]


def cut_behind_the_password(*, after_seconds: float = 0.0, reset: bool = False) -> FieldRow:
    """A connection that ends on the REGISTER with credentials: FIN, RST, or late."""

    def conduct(accepted: socket.socket) -> None:
        buffer = b""
        while data := accepted.recv(65535):
            buffer += data
            while (taken := split_message(buffer)) is not None:
                request, buffer = taken
                if b"\r\nAuthorization:" in request:
                    time.sleep(after_seconds)
                    if reset:
                        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                headers = [challenge()] if request.startswith(b"REGISTER") else []
                accepted.sendall(reply_to(request, 401 if headers else 200, "Phrase", headers=headers))

    def scene(stack: ExitStack) -> Place:
        return Place(target=f"127.0.0.1:{stack.enter_context(StreamPeer(conduct)).port}")

    return FieldRow(
        name=f"cut-behind-the-password-{'rst' if reset else 'fin'}-{after_seconds}",
        scene=scene,
        transport=TransportName.TCP,
        outcome=Outcome.INCONCLUSIVE,
        reason=Reason.SIP_REQUEST_TIMEOUT,
        cause=Cause.CONNECTION_CUT,
        credentials=CredentialState.UNPROVEN,
        party=Party.CARRIER,
        exit_status=3,
        says=("the connection was cut once it was sent",),
        never_says=("before it answered", "refused", "no password"),
        knocks=1,
    )


ROWS += [
    cut_behind_the_password(),
    cut_behind_the_password(reset=True),
    cut_behind_the_password(after_seconds=0.3),
    *on_each_path(
        FieldRow(
            name="silence-behind-the-password",
            script=scripted(register=[CHALLENGED, None]),
            outcome=Outcome.INCONCLUSIVE,
            reason=Reason.SIP_REQUEST_TIMEOUT,
            cause=Cause.CREDENTIALS_UNANSWERED,
            credentials=CredentialState.UNPROVEN,
            party=Party.CARRIER,
            exit_status=3,
            says=("gave no final answer once it was sent",),
            never_says=("cut", "firewall"),
        ),
        FieldRow(
            name="408-behind-the-password",
            script=scripted(register=[CHALLENGED, (408, [])]),
            outcome=Outcome.INCONCLUSIVE,
            reason=Reason.SIP_REQUEST_TIMEOUT,
            credentials=CredentialState.UNPROVEN,
            party=Party.CARRIER,
            exit_status=3,
            says=("408 Phrase",),
        ),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_and_its_verdict(row: FieldRow, reports: Mapping[str, Report | Exception]) -> None:
    assert_row(row, reports[str(row)])
