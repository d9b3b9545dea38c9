"""What is advised, and what the checks and warnings say, is of the answer that decided."""

from collections.abc import Mapping, Sequence

import pytest

from sipcheck import Cause, CredentialState, Outcome, Party, Reason, Report, WarningCode
from sipcheck.report.model import CheckName
from tests.peers.sip_reply import reply_to
from tests.sipcheck.provoked.field_rows import (
    FieldRow,
    Script,
    assert_row,
    challenge,
    on_each_path,
    scripted,
)

SOON = "in a few minutes"
WAIT = ("Retry-After", "7200")
OUTAGES = (
    (503, Reason.SIP_SERVICE_UNAVAILABLE),
    (500, Reason.SIP_SERVER_ERROR),
    (504, Reason.SIP_SERVER_ERROR),
    (408, Reason.SIP_REQUEST_TIMEOUT),
)


def outage(name: str, status: int, reason: Reason, script: Script, *, says: str) -> FieldRow:
    return FieldRow(
        name=f"{name}-{status}",
        script=script,
        outcome=Outcome.INCONCLUSIVE,
        reason=reason,
        credentials=CredentialState.UNPROVEN,
        party=Party.CARRIER,
        exit_status=3,
        says=(f"try again {says}",),
        never_says=() if says == SOON else (SOON,),
    )


def waits(name: str, headers: Sequence[tuple[str, str]], says: str) -> list[FieldRow]:
    """A wait that is asked for, by OPTIONS and REGISTER, and behind the digest."""
    return [
        outage(f"{name}-{place}", status, reason, script, says=says)
        for status, reason in OUTAGES
        for place, script in (
            ("at-once", scripted(options=status, options_headers=headers, register=[(status, headers)])),
            ("behind-the-digest", scripted(register=[(401, [challenge()]), (status, headers)])),
        )
    ]


def other_scheme(name: str, scheme: str) -> FieldRow:
    return FieldRow(
        name=name,
        script=scripted(register=[(401, [("WWW-Authenticate", scheme)])]),
        outcome=Outcome.FAILED,
        reason=Reason.AUTH_SCHEME_UNSUPPORTED,
        credentials=CredentialState.NOT_TESTED,
        party=Party.CARRIER,
        exit_status=1,
        says=("asks for credentials", f"it offers {name} alone"),
        never_says=("asks for a password", "Basic would"),
    )


def trying(options: Sequence[int], register: Sequence[int]) -> Script:
    """Answer each request with these statuses, one behind the other."""

    def script(request: bytes) -> list[bytes]:
        statuses = options if request.startswith(b"OPTIONS") else register
        return [reply_to(request, status, "Phrase") for status in statuses]

    return script


REDIRECTED = FieldRow(
    name="redirected",
    script=scripted(register=[(302, [("Contact", "<sip:other.test>")])]),
    outcome=Outcome.REACHABLE,
    reason=Reason.SIP_REDIRECTED,
    cause=Cause.SERVER_NAMED,
    credentials=CredentialState.UNPROVEN,
    party=Party.CONFIGURATION,
    exit_status=4,
)
REGISTER_PROVISIONAL = FieldRow(
    name="register-provisional",
    script=trying([200], [180]),
    outcome=Outcome.REACHABLE,
    reason=Reason.ALIVE_CREDENTIALS_UNPROVEN,
    cause=Cause.REGISTER_UNANSWERED,
    credentials=CredentialState.UNPROVEN,
    party=Party.NOBODY,
    exit_status=4,
    says=("REGISTER brought no answer that can be used (only 180, and no final answer)",),
    never_says=("stayed unanswered",),
    warnings=frozenset({WarningCode.REGISTER_IGNORED}),
)
OPTIONS_PROVISIONAL = FieldRow(
    name="options-provisional",
    script=trying([100], [403]),
    outcome=Outcome.REACHABLE,
    reason=Reason.ALIVE_CREDENTIALS_UNPROVEN,
    cause=Cause.REFUSED_UNCHALLENGED,
    credentials=CredentialState.UNPROVEN,
    party=Party.NOBODY,
    exit_status=4,
    says=("OPTIONS had no final answer before the verdict was settled, while REGISTER was answered",),
    never_says=("stayed unanswered", "OPTIONS: no answer"),
    warnings=frozenset({WarningCode.OPTIONS_IGNORED, WarningCode.REGISTER_REFUSED}),
)
CREDENTIALS_MISSING = FieldRow(
    name="credentials-missing",
    script=scripted(options=401, options_headers=[challenge()], register=[]),
    outcome=Outcome.REACHABLE,
    reason=Reason.CREDENTIALS_MISSING,
    credentials=CredentialState.NOT_TESTED,
    party=Party.CONFIGURATION,
    exit_status=4,
    options={"credentials": None},
)

ROWS = [
    *on_each_path(
        *waits("a-wait", [WAIT], "in 7200 seconds, as the carrier asks"),
        *waits("a-second", [("Retry-After", "1")], "in 1 second, as the carrier asks"),
        *waits("no-wait", [], SOON),
        *waits("a-wait-that-is-no-number", [("Retry-After", "1e9")], SOON),
        other_scheme("bearer", 'Bearer authz_server="https://as.test"'),
        other_scheme("ntlm", "NTLM"),
        other_scheme("basic", 'Basic realm="carrier.test"'),
        REDIRECTED,
        REGISTER_PROVISIONAL,
        OPTIONS_PROVISIONAL,
        CREDENTIALS_MISSING,
    )
]
DECIDED = {
    "redirected": (CheckName.SIP, "REGISTER: 302 Phrase"),
    "credentials-missing": (CheckName.AUTH, "OPTIONS: 401 Phrase"),
}


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_and_its_verdict(row: FieldRow, reports: Mapping[str, Report | Exception]) -> None:
    assert_row(row, reports[str(row)])


@pytest.mark.parametrize("row", [row for row in ROWS if row.name in DECIDED], ids=str)
def test_the_check_that_decided_names_the_answer_that_did(
    row: FieldRow, reports: Mapping[str, Report | Exception]
) -> None:
    report = reports[str(row)]
    assert isinstance(report, Report)
    name, detail = DECIDED[row.name]
    (check,) = (each for each in report.checks if each.code == row.reason)
    assert (check.name, check.detail) == (name, detail)
