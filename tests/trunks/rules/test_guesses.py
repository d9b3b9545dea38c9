"""How many refused passwords an account bears, row by row (docs/design/queue.md, "Guesses")."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from tests.trunks.forms import STARTED
from trunks.rules.guesses import GUESS_WINDOW, Guesses, guesses_at
from trunks.rules.knock import Knock
from trunks.rules.visitor import Visitor

NOW = STARTED
ACME, OTHER = UUID(int=1), UUID(int=2)
VISITOR = Visitor(environment_id=ACME, account_key="alice", proven=False, knows_password=True)
PROVEN = Visitor(environment_id=ACME, account_key="alice", proven=True, knows_password=True)


def refused(count: int, *, minutes_ago: float = 1, by: UUID = ACME, account: str = "alice") -> list[Knock]:
    """Refused passwords, a second apart, the last so long ago."""
    at = NOW - timedelta(minutes=minutes_ago)
    return [
        Knock(
            address="192.0.2.1",
            environment_id=by,
            account_key=account,
            at=at - timedelta(seconds=number),
            weight=1,
            refused=1,
        )
        for number in range(count)
    ]


def in_flight(count: int, *, by: UUID = ACME, account: str = "alice") -> list[Knock]:
    return [
        Knock(
            address="192.0.2.1",
            environment_id=by,
            account_key=account,
            at=NOW,
            weight=4,
            refused=1,
            claim_id=UUID(int=100 + number),
            lease_until=NOW + timedelta(seconds=20),
        )
        for number in range(count)
    ]


def others(count: int, *, by: UUID = ACME) -> list[Knock]:
    return [knock for number in range(count) for knock in refused(1, account=f"user{number}", by=by)]


def environments(count: int) -> list[Knock]:
    return [knock for number in range(count) for knock in refused(1, by=UUID(int=50 + number))]


FREE, BUSY = Guesses(), Guesses(busy=True)
WAITS = Guesses(retry_at=NOW - timedelta(minutes=1) + GUESS_WINDOW)


@pytest.mark.parametrize(
    ("knocks", "visitor", "judged"),
    [
        pytest.param([], VISITOR, FREE, id="nothing"),
        pytest.param(refused(2), VISITOR, FREE, id="two"),
        pytest.param(refused(1) * 3, VISITOR, WAITS, id="three-in-an-account"),
        pytest.param(refused(1) * 3, PROVEN, WAITS, id="whatever-the-password"),
        pytest.param(refused(5, minutes_ago=16), VISITOR, FREE, id="a-quarter-of-an-hour-ago"),
        pytest.param(refused(2) + in_flight(1), VISITOR, BUSY, id="the-third-is-in-flight"),
        pytest.param(in_flight(3), VISITOR, BUSY, id="three-in-flight"),
        pytest.param(in_flight(2), VISITOR, FREE, id="two-in-flight"),
        pytest.param(refused(9, by=OTHER), VISITOR, FREE, id="another-environment"),
        pytest.param(environments(9), VISITOR, FREE, id="nine-over-all"),
        pytest.param(environments(10), VISITOR, WAITS, id="ten-over-all"),
        pytest.param(environments(10), PROVEN, FREE, id="ten-over-all-spare-the-proven"),
        pytest.param(in_flight(10, by=OTHER), PROVEN, FREE, id="others-in-flight-spare-the-proven"),
        pytest.param(others(19), VISITOR, FREE, id="nineteen-in-an-environment"),
        pytest.param(others(20), VISITOR, WAITS, id="twenty-in-an-environment"),
        pytest.param(others(40, by=OTHER), VISITOR, FREE, id="forty-in-another"),
        pytest.param(in_flight(100, account="bob"), VISITOR, FREE, id="many-trunks-are-entered"),
        pytest.param(
            others(1) + in_flight(19, account="bob"), VISITOR, BUSY, id="many-are-entered-and-one-was-refused"
        ),
    ],
)
def test_what_stands_against_a_password(knocks: Sequence[Knock], visitor: Visitor, judged: Guesses) -> None:
    assert guesses_at(visitor, knocks, NOW) == judged


def test_the_wait_ends_when_the_oldest_that_counts_is_a_quarter_of_an_hour_old() -> None:
    knocks = refused(1, minutes_ago=14) + refused(1, minutes_ago=9) + refused(2, minutes_ago=3)
    # Of four the second has to go as well.
    assert guesses_at(VISITOR, knocks, NOW).retry_at == NOW + timedelta(minutes=6)


def test_a_run_that_nobody_heard_of_counts_as_refused() -> None:
    later = NOW + timedelta(seconds=21)
    assert guesses_at(VISITOR, in_flight(3), later).retry_at == NOW + GUESS_WINDOW
