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
    after = refilled(before, now, rate=rate)
    assert (after.count, after.at) == (left, now)


def test_nobody_waits_longer_than_ten_seconds_for_what_persons_asked() -> None:
    assert refilled(WritesLeft(least_left(20.0), NOON), NOON + timedelta(seconds=10), rate=20.0).count == 0


@pytest.mark.parametrize(
    ("count", "kept", "after_seconds", "rate", "whole"),
    [
        # Whatever persons ask, a quarter of the rate is left to the others, and no more than a second's.
        (-200.0, 0.0, 0.2, 20.0, 1),
        (-200.0, 0.0, 60.0, 20.0, 20),
        (-2000.0, 0.0, 60.0, 20.0, 5),
        (-20.0, 0.0, 2.0, 1.0, 0),
        (-20.0, 0.0, 4.0, 1.0, 1),
        (-200.0, 0.0, -60.0, 20.0, 0),
        (7.5, 5.0, 0.0, 20.0, 7),
    ],
)
def test_a_share_is_kept_for_what_nobody_asked_for(
    count: float, kept: float, after_seconds: float, rate: float, whole: int
) -> None:
    left = refilled(WritesLeft(count, NOON, kept), NOON + timedelta(seconds=after_seconds), rate=rate)
    assert left.whole == whole
    assert left.after(whole, least=least_left(rate)).kept == max(left.kept - whole, 0.0)


def test_what_takes_its_turn_alone_makes_no_more_writes_for_the_share() -> None:
    left, written = refilled(None, NOON, rate=20.0), 0
    for tick in range(100):
        left = refilled(left, NOON + timedelta(seconds=tick / 10), rate=20.0)
        written += left.whole
        left = left.after(left.whole, least=least_left(20.0))
        assert written <= 20 + 20 * tick / 10 + 1e-6
    assert written >= 215
