"""Which events flips make, and what each says."""

from typing import Any

import pytest

from tests.trunks.forms import STARTED
from trunks.ids import new_id
from trunks.rules.events import EventFacts, EventType, event_body, events_of, states_after


@pytest.mark.parametrize(
    ("changes", "events"),
    [
        ({"is_verified": [False, True], "health_status": ["unknown", "healthy"]}, ["trunk.verified"]),
        ({"is_verified": [True, False]}, ["trunk.unverified"]),
        ({"health_down": [False, True], "health_status": ["healthy", "unhealthy"]}, ["trunk.down"]),
        ({"health_down": [True, False], "health_status": ["unhealthy", "healthy"]}, ["trunk.recovered"]),
        ({"health_down": [True, False], "health_status": ["unhealthy", "degraded"]}, ["trunk.recovered"]),
        ({"health_status": ["healthy", "degraded"]}, ["trunk.degraded"]),
        ({"health_status": ["degraded", "healthy"]}, ["trunk.recovered"]),
        ({"health_status": ["unknown", "unhealthy"]}, []),
        ({"wanted": [False, True], "is_active": [False, True]}, []),
        (
            {"is_verified": [True, False], "credentials": ["proven", "rejected"]},
            ["trunk.unverified", "trunk.credentials_rejected"],
        ),
        (
            {"provisioning": ["provisioned", "failed"], "provisioning_error": [None, "No"]},
            ["trunk.provisioning_failed"],
        ),
        ({"provisioning": ["pending", "provisioned"]}, []),
        ({"outbound_edge": ["192.0.2.1:5060/udp", "192.0.2.2:5060/udp"]}, ["trunk.rerouted"]),
        ({"number-contested": ["+1", None]}, []),
        # Recovered twice over is said once.
        ({"health_down": [True, False], "health_status": ["degraded", "healthy"]}, ["trunk.recovered"]),
    ],
)
def test_a_flip_makes_these_events(changes: dict[str, list[Any]], events: list[str]) -> None:
    assert [event.value for event in events_of(changes)] == events


def test_each_flip_tells_the_state_behind_it() -> None:
    now = {"is_verified": True, "is_active": True, "health_status": "healthy"}
    flips: list[dict[str, list[Any]]] = [
        {"is_verified": [False, True], "is_active": [False, True], "health_status": ["unknown", "healthy"]},
        {"health_down": [False, True], "is_active": [True, False], "health_status": ["healthy", "unhealthy"]},
        {"health_down": [True, False], "is_active": [False, True], "health_status": ["unhealthy", "healthy"]},
    ]
    assert [(each["is_active"], each["health_status"]) for each in states_after(now, flips)] == [
        (True, "healthy"),
        (False, "unhealthy"),
        (True, "healthy"),
    ]


def test_what_does_not_apply_is_left_out() -> None:
    facts = EventFacts(trunk_id=new_id(), name="Primary", reason="no-response", advice="")
    state = {"is_verified": True, "is_active": False, "health_status": "unhealthy"}
    body = event_body(EventType.DOWN, STARTED, facts, state, 3)
    assert (body["type"], body["timestamp"]) == ("trunk.down", "2026-03-01T12:00:00Z")
    assert body["data"] == {
        "trunk_id": str(facts.trunk_id),
        "name": "Primary",
        **state,
        "reason": "no-response",
        "sequence": 3,
    }
