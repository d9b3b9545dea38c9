"""What follows from a try to deliver."""

from datetime import timedelta

import pytest

from tests.trunks.forms import STARTED
from trunks.rules.delivery import (
    DELAYS,
    MOST_TRIES,
    DeliveryStatus,
    DisabledReason,
    Try,
    after_try,
    read_retry_after,
)

WAITING, DELIVERED, FAILED = DeliveryStatus


@pytest.mark.parametrize(
    ("tried", "tries", "failing_for", "status", "wait_seconds", "disabled"),
    [
        (Try(200), 1, None, DELIVERED, None, None),
        (Try(204), 8, timedelta(days=9), DELIVERED, None, None),
        (Try(500), 1, None, WAITING, 10, None),
        (Try(None, "timeout"), 2, timedelta(hours=1), WAITING, 60, None),
        # A redirect is no delivery, and followed nowhere.
        (Try(302), 3, None, WAITING, 600, None),
        (Try(404), 7, None, WAITING, 38_930, None),
        (Try(500), 8, None, FAILED, None, None),
        (Try(429, None, 120.0), 1, None, WAITING, 120, None),
        (Try(503, None, 120.0), 1, None, WAITING, 120, None),
        # Sooner than it would be anyway, later than a day, and where it means nothing.
        (Try(429, None, 1.0), 2, None, WAITING, 60, None),
        (Try(429, None, 9e9), 1, None, WAITING, 86_400, None),
        (Try(500, None, 120.0), 1, None, WAITING, 10, None),
        (Try(410), 1, None, FAILED, None, DisabledReason.GONE),
        (Try(500), 1, timedelta(days=5), WAITING, 10, DisabledReason.FAILING),
        (Try(500), 8, timedelta(days=6), FAILED, None, DisabledReason.FAILING),
        (Try(500), 1, timedelta(days=4.99), WAITING, 10, None),
    ],
)
def test_what_follows(
    tried: Try,
    tries: int,
    failing_for: timedelta | None,
    status: DeliveryStatus,
    wait_seconds: float | None,
    disabled: DisabledReason | None,
) -> None:
    since = None if failing_for is None else STARTED - failing_for
    follows = after_try(tried, tries, since, STARTED, random=0.5)
    expected = None if wait_seconds is None else STARTED + timedelta(seconds=wait_seconds)
    assert (follows.status, follows.next_try_at, follows.disabled) == (status, expected, disabled)
    assert follows.failing_since == (None if tried.delivered else since or STARTED)


def test_eight_tries_within_a_day() -> None:
    assert MOST_TRIES == 8
    assert timedelta(hours=23) < sum(DELAYS, timedelta()) <= timedelta(hours=24)
    spread = {after_try(Try(500), 1, None, STARTED, random=each).next_try_at for each in (0.0, 0.5, 1.0)}
    assert spread == {STARTED + timedelta(seconds=seconds) for seconds in (9, 10, 11)}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("9" * 400, 999_999_999.0),
        ("Sun, 01 Mar 2026 12:02:00 GMT", 120.0),
        ("Sun, 01 Mar 2020 12:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("Sun, 01 Mar 2026 12:02:00", None),
    ],
)
def test_retry_after(text: str, seconds: float | None) -> None:
    assert read_retry_after(text, STARTED) == seconds
