"""How many writes a second the infrastructure is given."""

from datetime import UTC, datetime, timedelta

import pytest

from trunks.rules.write_pace import WritesLeft, least_left, refilled

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("count", "after_seconds", "rate", "left"),
    [
        (None, 0.0, 20.0, 20.0),
        (None, 0.0, 0.5, 1.0),
        (0.0, 0.5, 20.0, 10.0),
        (0.0, 3600.0, 20.0, 20.0),
        (15.0, 1.0, 20.0, 20.0),
        # What a person had done went before.
        (-40.0, 1.0, 20.0, -20.0),
        (0.0, 4.0, 0.25, 1.0),
        # A clock that was set back gives nothing, and takes nothing.
        (3.0, -60.0, 20.0, 3.0),
    ],
)
def test_what_is_left(count: float | None, after_seconds: float, rate: float, left: float) -> None:
    before = None if count is None else WritesLeft(count, NOON)
    now = NOON + timedelta(seconds=after_seconds)
    assert refilled(before, now, rate=rate) == WritesLeft(left, now)


def test_nobody_waits_longer_than_ten_seconds_for_what_persons_asked() -> None:
    assert refilled(WritesLeft(least_left(20.0), NOON), NOON + timedelta(seconds=10), rate=20.0).count == 0
