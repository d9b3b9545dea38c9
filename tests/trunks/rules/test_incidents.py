"""What a flip is for incidents, and what is told of them."""

from datetime import timedelta
from typing import Any

import pytest

from tests.trunks.forms import STARTED
from trunks.rules.incidents import IncidentKind, Turn, cause_of, changes_found, rounded, turn_of
from trunks.rules.trunk_state import Cause

FALL = {"health_down": [False, True], "health_status": ["healthy", "unhealthy"]}
VERIFIED, UNVERIFIED = {"is_verified": [False, True]}, {"is_verified": [True, False]}


@pytest.mark.parametrize(
    ("cause", "changes", "expected"),
    [
        (Cause.HEALTH, FALL, (Turn.FELL, IncidentKind.HEALTH)),
        (Cause.VERIFICATION, FALL, (Turn.FELL, IncidentKind.HEALTH)),
        (Cause.PROOF, UNVERIFIED, (Turn.FELL, IncidentKind.VERDICT)),
        (Cause.EDIT, UNVERIFIED, (Turn.EDITED, None)),
        (Cause.EDIT, {"health_down": [True, False]}, (Turn.EDITED, None)),
        (Cause.HEALTH, {"health_down": [True, False]}, (Turn.RECOVERED, None)),
        (Cause.VERIFICATION, VERIFIED, (Turn.RECOVERED, None)),
        (Cause.CUSTOMER, {"wanted": [True, False]}, (Turn.SWITCHED_OFF, None)),
        (Cause.CUSTOMER, {"wanted": [False, True]}, None),
        (Cause.HEALTH, {"health_status": ["healthy", "degraded"]}, None),
        (Cause.PROVISIONING, {"provisioning": ["pending", "failed"]}, None),
    ],
)
def test_turns(
    cause: Cause, changes: dict[str, list[Any]], expected: tuple[Turn, IncidentKind | None] | None
) -> None:
    assert turn_of(cause, changes) == expected


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, 10), (4, 10), (14, 10), (16, 20), (44, 40), (149, 100), (951, 1000), (12_345, 10_000)],
)
def test_counts_of_others_have_one_digit(count: int, told: int) -> None:
    assert rounded(count) == told


def test_sentences_say_what_was_observed() -> None:
    since = STARTED - timedelta(minutes=3)
    assert cause_of(IncidentKind.HEALTH, "sip.example", "no-response", STARTED, since) == (
        "sip.example has not answered our checks since 2026-03-01 11:57:00 UTC (no-response)."
    )
    assert "failed its verification at 2026-03-01 12:00:00 UTC" in cause_of(
        IncidentKind.VERDICT, "sip.example", None, STARTED, None
    )
    assert changes_found(None, STARTED) == changes_found(STARTED + timedelta(days=1), STARTED) == ()
    (change,) = changes_found(since, STARTED)
    assert change.sentence == "A certificate of the carrier ended at 2026-03-01 11:57:00 UTC."
