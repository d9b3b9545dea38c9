"""A resolver of ours that lies of everyone parks nobody; many names of one tenant are parked a little later."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from trunks.rules.resolver_lie import ResolverLie, confirmed_after, judge

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WAIT = confirmed_after(60.0)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def names(count: int, since: datetime = NOON) -> Mapping[UUID, datetime]:
    return {UUID(int=number): since for number in range(count)}


@pytest.mark.parametrize(
    ("waiting", "due", "after", "confirmed", "held"),
    [
        (10, 10, WAIT - SECOND, 0, 0),
        (10, 10, WAIT, 10, 0),
        (11, 11, WAIT, 0, 11),
        (11, 21, WAIT, 0, 11),
        # Half of all names may be one tenant's, and are no lie.
        (11, 22, WAIT, 11, 0),
        (400, 1000, WAIT, 400, 0),
    ],
)
def test_more_than_ten_and_more_than_half_are_held(
    waiting: int, due: int, after: timedelta, confirmed: int, held: int
) -> None:
    found = judge(names(waiting), due, None, NOON + after, wait=WAIT)
    assert (len(found.confirmed), found.held) == (confirmed, held)


def tell(
    told: Sequence[int], before: ResolverLie | None = None, *, count: int = 12, every: timedelta = 5 * SECOND
) -> list[int]:
    """Judge every five seconds while so many names wait, all since noon; give the looks by which some are confirmed."""
    found = []
    for look, waiting in enumerate(told):
        verdict = judge(names(waiting), count, before, NOON + look * every, wait=WAIT)
        before = verdict.lie or before
        if verdict.confirmed:
            found.append(look)
    return found


def test_while_a_lie_ends_the_others_are_given_the_time_for_a_check() -> None:
    # Two minutes, and then one after the other is seen to be clean, in a minute.
    assert tell([12] * 24 + list(range(11, -1, -1)) + [0] * 20) == []
    # One that goes on alone is no lie.
    assert min(tell([12] * 24 + [1] * 40)) == 40


def test_whoever_brings_most_of_all_names_is_held_for_ten_minutes() -> None:
    assert min(tell([12] * 200)) == 120
    # And not for ten more, whenever he lets one of them be clean.
    assert min(tell(([12] * 3 + [10] * 3) * 40)) in range(120, 145)


def test_a_clock_that_was_set_back_holds_for_no_longer() -> None:
    ahead = ResolverLie(NOON + 300 * MINUTE, NOON + 300 * MINUTE)
    assert min(tell([12] * 200, ahead)) == 120


@pytest.mark.parametrize(("interval", "seconds"), [(1.0, 30.0), (60.0, 71.0), (600.0, 665.0)])
def test_all_are_checked_meanwhile(interval: float, seconds: float) -> None:
    assert confirmed_after(interval).total_seconds() == seconds
