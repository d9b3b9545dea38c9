"""What a flip is for incidents, and what is told of them."""

from typing import Any

import pytest

from tests.trunks.forms import STARTED
from trunks.rules.incidents import IncidentKind, Turn, cause_of, rounded, turn_of
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


@pytest.mark.parametrize(
    ("kind", "domains", "sentence"),
    [
        (
            IncidentKind.HEALTH,
            ["a"],
            "a has not answered our checks since 2026-03-01 12:00:00 UTC (no-response).",
        ),
        (
            IncidentKind.HEALTH,
            ["a", "b", "a"],
            "a and b have not answered our checks since 2026-03-01 12:00:00 UTC (no-response).",
        ),
        (
            IncidentKind.HEALTH,
            list("abcdef"),
            "a, b, c, d and 2 more have not answered our checks since 2026-03-01 12:00:00 UTC (no-response).",
        ),
        (
            IncidentKind.VERDICT,
            ["a"],
            "A trunk at a that was verified failed its verification at 2026-03-01 12:00:00 UTC (no-response).",
        ),
    ],
)
def test_sentences_say_what_was_observed(kind: IncidentKind, domains: list[str], sentence: str) -> None:
    assert cause_of(kind, domains, "no-response", STARTED) == sentence
