"""When a fall is held, and what lets it go (docs/design/architecture.md, "Breaker")."""

from datetime import UTC, datetime, timedelta

import pytest

from trunks.rules.mass_failure import Fall, Hold, Release, holds_back, is_mass_fall, release_of

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fall", "mass"),
    [
        (Fall(10, 3, 19), True),
        (Fall(9, 3, 9), False),
        (Fall(10, 2, 10), False),
        (Fall(10, 3, 20), False),
        (Fall(600, 400, 1000), True),
    ],
)
def test_ten_destinations_on_three_addresses_and_more_than_half(fall: Fall, mass: bool) -> None:
    assert is_mass_fall(fall, fewest_destinations=10) is mass


def test_without_a_canary_the_second_failure_is_let_go() -> None:
    hold = Hold(BEGAN, canary_set=False)
    assert holds_back(hold, 0)
    assert not holds_back(hold, 1)


def test_with_a_canary_every_failure_is_held() -> None:
    assert holds_back(Hold(BEGAN, canary_set=True), 5)


@pytest.mark.parametrize(
    ("hold", "after", "still_held", "release"),
    [
        (Hold(BEGAN, canary_set=True, canary_alive=False), 599, 3, None),
        (Hold(BEGAN, canary_set=True, canary_alive=False), 600, 3, Release.HELD_LONG_ENOUGH),
        (Hold(BEGAN, canary_set=True, canary_alive=None), 5, 3, None),
        (Hold(BEGAN, canary_set=True, canary_alive=True), 5, 3, Release.CANARY_ALIVE),
        (Hold(BEGAN, canary_set=False), 30, 3, None),
        (Hold(BEGAN, canary_set=False), 30, 0, Release.PROBED_AGAIN),
        (Hold(BEGAN, canary_set=False), 600, 3, Release.HELD_LONG_ENOUGH),
    ],
)
def test_what_ends_a_hold(hold: Hold, after: int, still_held: int, release: Release | None) -> None:
    assert release_of(hold, BEGAN + timedelta(seconds=after), still_held=still_held) is release
