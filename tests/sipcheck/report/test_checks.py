"""The seven checks: all of them, once, in the order of docs/design/command-line.md."""

import pytest

from sipcheck.diagnosis.details import worded
from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import Outcome, Reason, WarningCode
from sipcheck.report.checks import failing_axis, make_checks
from sipcheck.report.model import Check, CheckName, CheckState, ReportWarning
from sipcheck.report.rulings import RULINGS, ruling

ORDER = ["target", "dns", "address", "transport", "tls", "sip", "auth"]


def checks_for(
    reason: Reason, *warnings: ReportWarning, skipped: frozenset[CheckName] = frozenset()
) -> tuple[Check, ...]:
    return make_checks(
        reason,
        ruling(reason).outcome,
        warnings=warnings,
        details={},
        explanation=(Sentence.of("check.failed", detail="why"),),
        word=worded,
        skipped=skipped,
        times_ms={},
    )


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_its_axis(reason: Reason) -> None:
    checks = checks_for(reason)
    assert [check.name for check in checks] == ORDER
    decisive = ORDER.index(RULINGS[reason].axis)
    assert all(check.state is CheckState.OK for check in checks[:decisive])
    assert all(check.state is CheckState.SKIPPED for check in checks[decisive + 1 :])
    verified = ruling(reason).outcome is Outcome.VERIFIED
    assert checks[decisive].code == (None if verified else reason)


def test_a_code_is_null_when_ok_or_skipped() -> None:
    for check in checks_for(Reason.SIP_FORBIDDEN, skipped=frozenset({CheckName.TLS})):
        assert (check.code is None) == (check.state in (CheckState.OK, CheckState.SKIPPED))


def test_a_warning_marks_its_axis() -> None:
    warning = ReportWarning(WarningCode.TLS_WILDCARD_NAME, "…", None)
    by_name = {check.name: check for check in checks_for(Reason.CREDENTIALS_PROVEN, warning)}
    assert by_name[CheckName.TLS].state is CheckState.WARNING
    assert by_name[CheckName.TLS].code == "tls-wildcard-name"


def test_a_failure_outweighs_a_warning_on_its_axis() -> None:
    warning = ReportWarning(WarningCode.REPLY_DEFECTS, "…", None)
    by_name = {check.name: check for check in checks_for(Reason.SIP_FORBIDDEN, warning)}
    assert (by_name[CheckName.SIP].state, by_name[CheckName.SIP].code) == (CheckState.FAILED, "sip-forbidden")
    assert by_name[CheckName.SIP].detail == "why"


@pytest.mark.parametrize("reason", list(Reason))
def test_only_our_own_end_of_a_run_moves_to_the_proof_behind_a_challenge(reason: Reason) -> None:
    assert failing_axis(reason, sip_seen=False) is RULINGS[reason].axis
    cut_short = reason in (Reason.DEADLINE_EXCEEDED, Reason.CANCELLED)
    assert failing_axis(reason, sip_seen=True) is (CheckName.AUTH if cut_short else RULINGS[reason].axis)
