"""A report without a run claims nothing about what was not looked at."""

from datetime import UTC, datetime

import pytest

from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import Reason
from sipcheck.report.model import CheckState, TargetFacts
from sipcheck.verification.report_without_run import invalid_target_report, report_without_run

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TARGET = TargetFacts("carrier.example", None, None, None, None)


@pytest.mark.parametrize(
    "reason", [Reason.CANCELLED, Reason.DEADLINE_EXCEEDED, Reason.SECRET_UNREADABLE, Reason.OVERLOADED]
)
def test_every_check_but_its_own_is_skipped(reason: Reason) -> None:
    report = report_without_run(reason, TARGET, started_at=NOW)
    states = [check.state for check in report.checks]
    assert states.count(CheckState.FAILED) == 1
    assert states.count(CheckState.SKIPPED) == 6


@pytest.mark.parametrize("text", ["sip:bob:hunter2@x.example", "bob:hunter2\uff20x", "bob:hunter2%40x"])
def test_a_password_typed_into_the_target_is_not_repeated(text: str) -> None:
    assert "hunter2" not in repr(invalid_target_report(text, Sentence("target.user"), started_at=NOW))
