"""How often an address may be knocked at, row by row (docs/design/queue.md, "Knocks")."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from tests.trunks.forms import STARTED
from trunks.rules.knock import Knock
from trunks.rules.knock_limits import SHIPPED, KnockLimits, Rest, read_limits, rest_of

NOW = STARTED
WORST = 4


def stood(weight: int, minutes_ago: float) -> Knock:
    return Knock(
        address="192.0.2.1",
        environment_id=UUID(int=1),
        account_key="alice",
        at=NOW - timedelta(minutes=minutes_ago),
        weight=weight,
        refused=0,
    )


def in_flight(weight: int = WORST) -> Knock:
    return Knock(
        address="192.0.2.1",
        environment_id=UUID(int=1),
        account_key="alice",
        at=NOW,
        weight=weight,
        refused=1,
        claim_id=UUID(int=9),
        lease_until=NOW + timedelta(seconds=20),
    )


def minutes(number: float) -> Rest:
    return Rest(until=NOW + timedelta(minutes=number), lone=True)


ALONE = Rest(lone=True)
BUSY = Rest(busy=True, lone=True)
WIDE = KnockLimits(16, 80, 400)


@pytest.mark.parametrize(
    ("knocks", "limits", "rest"),
    [
        pytest.param([], SHIPPED, ALONE, id="the-first"),
        pytest.param([in_flight()], SHIPPED, BUSY, id="another-is-there"),
        pytest.param([stood(4, 1)], SHIPPED, ALONE, id="a-typo-corrected-a-minute-later"),
        pytest.param([stood(4, 1), in_flight()], SHIPPED, BUSY, id="what-others-come-to-decides"),
        pytest.param([stood(4, 2), stood(4, 1)], SHIPPED, minutes(8), id="eight-stand"),
        pytest.param([stood(6, 9.5)], SHIPPED, minutes(0.5), id="six-stand"),
        pytest.param([stood(5, 11)], SHIPPED, ALONE, id="ten-minutes-are-over"),
        pytest.param(
            [stood(5, 15 + 10 * turn) for turn in range(5)] + [stood(5, 12)],
            SHIPPED,
            minutes(5),
            id="thirty-in-an-hour",
        ),
        pytest.param(
            [stood(5, 61 + 20 * turn) for turn in range(16)], SHIPPED, minutes(18 * 60 - 1), id="eighty-a-day"
        ),
        pytest.param([in_flight()], WIDE, Rest(), id="two-fit"),
        pytest.param([in_flight()] * 2, WIDE, Rest(), id="three-fit"),
        pytest.param([in_flight()] * 3, WIDE, Rest(lone=True), id="the-last-that-fits"),
        pytest.param([in_flight()] * 4, WIDE, BUSY, id="no-fifth"),
        pytest.param([in_flight(1)], WIDE, Rest(), id="a-check-is-there"),
    ],
)
def test_what_an_address_bears(knocks: Sequence[Knock], limits: KnockLimits, rest: Rest) -> None:
    assert rest_of(knocks, limits, NOW, worst=WORST, next_worst=WORST) == rest


@pytest.mark.parametrize(
    ("environments", "limits"),
    [
        (0, SHIPPED),
        (20, SHIPPED),
        (21, KnockLimits(9, 45, 120)),
        (30, KnockLimits(36, 180, 480)),
        (1000, KnockLimits(60, 300, 800)),
    ],
)
def test_a_carrier_of_many_bears_more(environments: int, limits: KnockLimits) -> None:
    assert SHIPPED.grown(environments) == limits


@pytest.mark.parametrize(("text", "limits"), [("0", None), ("6/30/80", SHIPPED), ("16/80/400", WIDE)])
def test_limits_are_read(text: str, limits: KnockLimits | None) -> None:
    assert read_limits(text) == limits


@pytest.mark.parametrize("text", ["", "6", "6/30", "6/30/80/100", "30/6/80", "a/b/c", "0/0/0", "-1/2/3"])
def test_what_is_no_limit_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="such as 6/30/80"):
        read_limits(text)
