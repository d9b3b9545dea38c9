"""What calls showed, and what of it counts when a newer measurement says otherwise."""

from datetime import UTC, datetime, timedelta

import pytest

from trunks.rules.infrastructure_facts import (
    Answer,
    Arrival,
    AskedCall,
    Door,
    Fact,
    InfrastructureFacts,
    Measurement,
    measure,
    renewed,
)

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
ASKED = [AskedCall("a", routed=False), AskedCall("b", routed=True), AskedCall("c", routed=True)]
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
BEFORE = NOW - timedelta(days=1)


@pytest.mark.parametrize(
    ("doors", "reaches", "route"),
    [
        ({"a": "1", "b": "2", "c": "2"}, YES, YES),
        ({"a": "1", "b": "1", "c": "1"}, YES, NO),
        ({"a": "1", "b": "1", "c": "2"}, YES, UNKNOWN),
        ({"a": "1", "b": "2", "c": ""}, UNKNOWN, UNKNOWN),
        ({"a": "1", "b": "12", "c": "2"}, YES, UNKNOWN),
        ({"a": "1", "b": "", "c": ""}, UNKNOWN, None),
        ({"a": "", "b": "2", "c": "2"}, UNKNOWN, YES),
        ({"a": "", "b": "", "c": ""}, NO, None),
    ],
)
def test_yes_and_no_only_where_all_calls_agree(
    doors: dict[str, str], reaches: Answer, route: Answer | None
) -> None:
    named = {"1": Door.FIRST, "2": Door.SECOND}
    arrivals = {Arrival(user, named[door], "192.0.2.1") for user, came in doors.items() for door in came}
    found = measure(ASKED, arrivals)
    assert (found.reaches, found.route) == (reaches, route)
    assert found.addresses == ({"192.0.2.1"} if arrivals else set())


@pytest.mark.parametrize(
    ("known", "found", "accept", "route", "waits"),
    [
        (None, YES, False, YES, None),
        (None, NO, False, NO, None),
        (YES, NO, False, YES, NO),
        (YES, NO, True, NO, None),
        (YES, UNKNOWN, False, YES, UNKNOWN),
        (YES, None, True, YES, None),
        (NO, YES, False, YES, None),
        (NO, UNKNOWN, False, UNKNOWN, None),
        (UNKNOWN, NO, False, NO, None),
    ],
)
def test_a_route_that_was_obeyed_counts_as_that_until_the_operator_accepts(
    known: Answer | None, found: Answer | None, accept: bool, route: Answer, waits: Answer | None
) -> None:
    facts = InfrastructureFacts(route=None if known is None else Fact(known, BEFORE))
    after = renewed(facts, Measurement(YES, found, frozenset()), NOW, accept=accept)
    assert after.route is not None
    assert (after.route.answer, after.route_measured and after.route_measured.answer) == (route, waits)
    assert after.route.at == (BEFORE if waits is not None or found is None else NOW)


def test_calls_that_do_not_arrive_say_nothing_of_a_route_and_addresses_are_kept_for_thirty_days() -> None:
    facts = InfrastructureFacts(
        Fact(YES, BEFORE),
        Fact(YES, BEFORE),
        None,
        {"192.0.2.1": NOW - timedelta(days=29), "192.0.2.2": BEFORE},
    )
    away = renewed(facts, Measurement(NO, None, frozenset()), NOW, accept=True)
    assert (away.reaches, away.route) == (Fact(NO, NOW), Fact(YES, BEFORE))
    assert away.called_from(NOW).keys() == {"192.0.2.1", "192.0.2.2"}
    later = NOW + timedelta(days=2)
    after = renewed(away, Measurement(YES, YES, frozenset({"192.0.2.3"})), later, accept=False)
    assert after.called_from(later).keys() == {"192.0.2.2", "192.0.2.3"}
    assert after.addresses.keys() == {"192.0.2.2", "192.0.2.3"}
