"""What stands in a second challenge does not make a refused password anything else (RFC 3261 §22.2)."""

from collections.abc import Mapping

import pytest

from sipcheck import CredentialState, Outcome, Party, Reason, Report
from tests.sipcheck.provoked.field_rows import (
    FieldRow,
    assert_row,
    challenge,
    on_each_path,
    scripted,
    verify_all,
)

ROWS = on_each_path(
    FieldRow(
        name="the-same-challenge-again",
        script=scripted(register=[(401, [challenge()])]),
        outcome=Outcome.FAILED,
        reason=Reason.CREDENTIALS_REJECTED,
        credentials=CredentialState.REJECTED,
        party=Party.CONFIGURATION,
        exit_status=1,
        says=("401 Phrase",),
    ),
)


@pytest.fixture(scope="module")
def reports() -> Mapping[str, Report | Exception]:
    return verify_all(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_and_its_verdict(row: FieldRow, reports: Mapping[str, Report | Exception]) -> None:
    assert_row(row, reports[str(row)])
