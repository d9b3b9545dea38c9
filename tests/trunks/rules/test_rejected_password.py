"""What becomes of a rejected password: a table of what is known, and what follows."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.trunks.forms import STARTED
from trunks.rules.rejected_password import RejectedPassword, decided, rejected, tried

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PROVEN = rejected(None, generation=1, address="192.0.2.1", was_proven=True, now=STARTED)
NEVER = rejected(None, generation=1, address="192.0.2.1", was_proven=False, now=STARTED)


def test_one_that_was_never_proven_goes_at_once_and_is_not_tried() -> None:
    assert (NEVER.decide_at, NEVER.try_at) == (STARTED, None)


@pytest.mark.parametrize(
    ("each", "lately", "withheld"),
    [(PROVEN, 1, True), (PROVEN, 2, True), (PROVEN, 3, False), (NEVER, 9, True)],
)
def test_it_stays_where_three_proven_accounts_are_rejected(
    each: RejectedPassword, lately: int, withheld: bool
) -> None:
    now = STARTED + 15 * MINUTE
    after = decided(each, lately, now)
    assert after.is_withheld is withheld
    # What is held is decided again once it was tried.
    assert after.decide_at is None if withheld else after.decide_at == now + HOUR + 15 * MINUTE
    # And one that went too early comes back.
    assert decided(replace(each, is_withheld=True, decide_at=None), lately, now).is_withheld is withheld


def test_three_tries_after_one_six_and_twenty_four_hours() -> None:
    each, at = PROVEN, []
    while each.try_at is not None:
        at.append(each.try_at - STARTED)
        each = tried(rejected(each, generation=1, address="192.0.2.1", was_proven=False, now=each.try_at))
    assert at == [HOUR, 6 * HOUR, 24 * HOUR]
    assert (each.tries, each.was_proven, each.first_at) == (3, True, STARTED)
    # Another configuration begins anew.
    assert rejected(each, generation=2, address="192.0.2.1", was_proven=False, now=STARTED).tries == 0
