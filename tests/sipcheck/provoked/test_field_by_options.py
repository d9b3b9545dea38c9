"""A challenged OPTIONS is answered, not asked once more: what guards count is spared (RFC 3261 §22.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from sipcheck import Cause, CredentialState, Outcome, Party, Proof, Reason, Report, TransportName, WarningCode
from sipcheck.report.model import Direction, TraceStep
from tests.peers.sip_reply import reply_to
from tests.sipcheck.provoked.field_rows import FieldRow, Script, assert_row, challenge, cseq_of
from tests.sipcheck.provoked.seen import identity

UDP, TCP, TLS = TransportName
Headers = Sequence[tuple[str, str]]
STALE = ("WWW-Authenticate", 'Digest realm="carrier.test", nonce="n2", algorithm=MD5, qop="auth", stale=true')


def challenging_options(*options: tuple[int, Headers], register: int = 405) -> Script:
    """Answer each further OPTIONS of a Call-ID with the next of `options`, and REGISTER with a refusal."""

    def script(request: bytes) -> list[bytes]:
        if request.startswith(b"REGISTER"):
            return [reply_to(request, register, "Phrase")]
        status, headers = options[min(cseq_of(request), len(options)) - 1]
        return [reply_to(request, status, "Phrase", headers=headers)]

    return script


PROVEN = FieldRow(
    name="proven",
    script=challenging_options((401, [challenge()]), (200, [])),
    outcome=Outcome.VERIFIED,
    reason=Reason.CREDENTIALS_PROVEN,
    credentials=CredentialState.PROVEN,
    party=Party.NOBODY,
    exit_status=0,
    options={"proof": Proof.OPTIONS},
    warnings=frozenset(),
    knocks=0,
)
BY_OPTIONS = (
    PROVEN,
    replace(
        PROVEN,
        name="proven-to-a-proxy",
        script=challenging_options((407, [challenge(proxy=True)]), (200, [])),
    ),
    replace(
        PROVEN, name="stale-once", script=challenging_options((401, [challenge()]), (401, [STALE]), (200, []))
    ),
    replace(
        PROVEN,
        name="rejected",
        script=challenging_options((401, [challenge()])),
        outcome=Outcome.FAILED,
        reason=Reason.CREDENTIALS_REJECTED,
        credentials=CredentialState.REJECTED,
        party=Party.CONFIGURATION,
        exit_status=1,
        knocks=2,
    ),
    replace(
        PROVEN,
        name="basic-alone",
        script=challenging_options((401, [("WWW-Authenticate", 'Basic realm="x"')])),
        outcome=Outcome.FAILED,
        reason=Reason.AUTH_SCHEME_UNSUPPORTED,
        credentials=CredentialState.NOT_TESTED,
        party=Party.CARRIER,
        exit_status=1,
        knocks=1,
    ),
    replace(
        PROVEN,
        name="refused-behind-the-password",
        script=challenging_options((401, [challenge()]), (480, [])),
        outcome=Outcome.REACHABLE,
        reason=Reason.ALIVE_CREDENTIALS_UNPROVEN,
        cause=Cause.ACCEPTED_THEN_REFUSED,
        credentials=CredentialState.UNPROVEN,
        exit_status=4,
        knocks=1,
    ),
)
BESIDE_REGISTER = replace(
    PROVEN,
    name="proven-where-register-is-refused",
    options={},
    warnings=frozenset({WarningCode.REGISTER_REFUSED}),
)
ONCE = [
    replace(row, transport=transport)
    for row in (*BY_OPTIONS, BESIDE_REGISTER)
    for transport in (UDP, TCP, TLS)
]
# The batch names its requests anew each time, and a nonce may be bound to the Call-ID.
IN_BATCH = [replace(row, windowed=True, knocks=None) for row in (PROVEN, BESIDE_REGISTER)]
ROWS = [*ONCE, *IN_BATCH]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_and_its_verdict(row: FieldRow, reports: Mapping[str, Report | Exception]) -> None:
    assert_row(row, reports[str(row)])


@pytest.mark.parametrize("row", ONCE, ids=str)
def test_nothing_is_asked_twice(row: FieldRow, reports: Mapping[str, Report | Exception]) -> None:
    """One Call-ID, CSeq by CSeq, and one request without credentials."""
    sent = _options_sent(reports[str(row)])
    assert sum("uthorization:" not in step.text for step in sent) == 1
    assert len({identity(step.text)[1] for step in sent}) == 1
    assert [identity(step.text)[2] for step in sent] == [
        f"{number} options" for number in range(1, len(sent) + 1)
    ]


def _options_sent(report: Report | Exception) -> list[TraceStep]:
    """Without what a busy machine had sent again."""
    assert isinstance(report, Report)
    steps = [step for step in report.trace if step.direction is Direction.SENT]
    once = {identity(step.text)[0]: step for step in steps if step.text.startswith("OPTIONS")}
    return list(once.values())
