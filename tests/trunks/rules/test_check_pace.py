"""How often a check is asked that a guard counts, row by row (docs/design/queue.md, "Knocks")."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from tests.trunks.forms import STARTED
from trunks.rules.check_pace import (
    SILENT_SECONDS,
    CheckKind,
    CheckRest,
    CheckVisit,
    check_rest,
    next_seconds,
)
from trunks.rules.knock import Knock
from trunks.rules.knock_limits import SHIPPED

NOW = STARTED
EVEN_SECONDS = 36 * 60.0  # 40 a day
OURS, OTHER = UUID(int=1), UUID(int=2)


def visit(failures: int = 0, *, destination: int = 1, by: UUID = OURS) -> CheckVisit:
    return CheckVisit(UUID(int=destination), by, failures)


def asked(
    minutes_ago: float, *, kind: CheckKind = CheckKind.EVEN, destination: int = 1, by: UUID = OURS
) -> Knock:
    return Knock(
        address="192.0.2.1",
        environment_id=by,
        account_key=visit(destination=destination, by=by).key(kind),
        at=NOW - timedelta(minutes=minutes_ago),
        weight=1,
        refused=0,
    )


def run(weight: int, minutes_ago: float) -> Knock:
    return Knock(
        address="192.0.2.1",
        environment_id=OURS,
        account_key="alice",
        at=NOW - timedelta(minutes=minutes_ago),
        weight=weight,
        refused=0,
    )


CONFIRMED = [asked(61 + 60 * number, kind=CheckKind.CONFIRMING, destination=9) for number in range(16)]


@pytest.mark.parametrize(
    ("knocks", "checked", "waits_minutes"),
    [
        pytest.param([], visit(), None, id="the-first"),
        pytest.param([asked(1)], visit(), 36 * 0.85 - 1, id="soon-after"),
        pytest.param([asked(35)], visit(), None, id="when-its-time-has-come"),
        pytest.param([asked(35), asked(5, destination=2)], visit(), 72 * 0.85 - 35, id="two-destinations"),
        pytest.param(
            [asked(60), asked(5, destination=2, by=OTHER), asked(5, destination=3, by=OTHER)],
            visit(),
            72 * 0.85 - 60,
            id="environments-share-first",
        ),
        pytest.param([asked(1)], visit(1), None, id="a-fall-is-confirmed"),
        pytest.param([asked(1), *CONFIRMED], visit(1), 36 * 0.85 - 1, id="too-much-was-confirmed"),
        pytest.param([asked(1, kind=CheckKind.CONFIRMING)], visit(), None, id="a-recovery-is-confirmed"),
        pytest.param([asked(5)], visit(3), None, id="the-fallen-are-asked"),
        pytest.param([run(6, 1)], visit(), 9, id="runs-have-used-it-up"),
        pytest.param([run(6, 1)], visit(3), None, id="silence-costs-nothing"),
    ],
)
def test_when_a_check_may_be_asked(
    knocks: Sequence[Knock], checked: CheckVisit, waits_minutes: float | None
) -> None:
    rest = check_rest(knocks, checked, SHIPPED, NOW)
    waits = None if rest.until is None else (rest.until - NOW).total_seconds() / 60
    assert waits == (None if waits_minutes is None else pytest.approx(waits_minutes))


@pytest.mark.parametrize(
    ("failures", "alive", "silent", "may_confirm", "seconds"),
    [
        pytest.param(0, True, False, True, EVEN_SECONDS, id="as-before"),
        pytest.param(0, False, True, True, None, id="fell-silent"),
        pytest.param(1, False, True, True, None, id="silent-again"),
        pytest.param(2, False, True, True, SILENT_SECONDS, id="fallen"),
        pytest.param(7, False, True, False, SILENT_SECONDS, id="still-silent"),
        pytest.param(7, True, False, True, None, id="alive-again"),
        pytest.param(7, True, False, False, EVEN_SECONDS, id="alive-again-and-no-more-to-confirm-with"),
        pytest.param(0, False, True, False, EVEN_SECONDS, id="silent-and-no-more-to-confirm-with"),
    ],
)
def test_when_it_is_asked_next(
    failures: int, alive: bool, silent: bool, may_confirm: bool, seconds: float | None
) -> None:
    rest = CheckRest(CheckKind.EVEN, EVEN_SECONDS, may_confirm)
    assert next_seconds(rest, visit(failures), alive=alive, silent=silent) == seconds
