"""When the next test call may be made, and to which countries: row by row."""

from datetime import UTC, datetime, timedelta

import pytest

from trunks.rules.call_limits import OF_ENVIRONMENT, OF_NUMBER, Limit, free_at, may_be_called, recent

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("ago", "limits", "waits"),
    [
        ([], OF_NUMBER, None),
        ([MINUTE] * 2, OF_NUMBER, None),
        ([5 * MINUTE, 20 * MINUTE, 50 * MINUTE], OF_NUMBER, 10 * MINUTE),
        ([5 * MINUTE, 20 * MINUTE, 60 * MINUTE], OF_NUMBER, None),
        ([n * HOUR for n in range(2, 12)], OF_NUMBER, 13 * HOUR),
        ([n * HOUR for n in range(2, 11)], OF_NUMBER, None),
        ([n * HOUR for n in range(15, 25)], OF_NUMBER, None),
        ([MINUTE] * 9, OF_ENVIRONMENT, None),
        ([MINUTE] * 10, OF_ENVIRONMENT, 14 * MINUTE),
        ([15 * MINUTE] * 10, OF_ENVIRONMENT, None),
    ],
)
def test_when_the_next_may_be_made(
    ago: list[timedelta], limits: tuple[Limit, ...], waits: timedelta | None
) -> None:
    found = free_at([NOW - each for each in ago], limits, NOW)
    assert found == (None if waits is None else NOW + waits)


def test_what_no_limit_counts_is_left_out() -> None:
    assert recent([NOW - 24 * HOUR, NOW - HOUR], NOW) == [NOW - HOUR]


@pytest.mark.parametrize(
    ("named", "own", "found"),
    [((), ("DE",), {"DE"}), (("AT",), ("DE",), {"AT"}), ((), (), set()), (("AT", "DE"), (), {"AT", "DE"})],
)
def test_the_countries_are_those_named_else_those_of_its_numbers(
    named: tuple[str, ...], own: tuple[str, ...], found: set[str]
) -> None:
    assert may_be_called(named, own) == found
