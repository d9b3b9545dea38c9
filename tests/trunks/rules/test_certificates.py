"""When certificates end, and which notice has come."""

from datetime import UTC, datetime, timedelta

import pytest

from trunks.rules.certificates import SPANS, notice_due, within_days

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days_left", "notice", "span"),
    [
        (90, None, "more"),
        (30.01, None, "more"),
        (30, 30, "30"),
        (14.01, 30, "30"),
        (14, 14, "14"),
        (7, 7, "7"),
        (1.5, 7, "7"),
        (1, 1, "1"),
        (0, 1, "expired"),
        (-20, 1, "expired"),
    ],
)
def test_the_notice_that_has_come_last(days_left: float, notice: int | None, span: str) -> None:
    expires_at = NOW + timedelta(days=days_left)
    assert (notice_due(expires_at, NOW), within_days(expires_at, NOW)) == (notice, span)
    assert span in SPANS
