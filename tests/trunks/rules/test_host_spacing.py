"""Who has to keep a distance from whom, and whose turn it is in a crowd."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from trunks.ids import new_id
from trunks.rules.host_spacing import HostSpacing, Place, weights

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOST = "sip.carrier.example"
CARRIER = Place(HOST, None, ("192.0.2.1", "192.0.2.2"))
NEW = Place(HOST, None)


@pytest.mark.parametrize(
    ("first", "second", "waits_seconds"),
    [
        (CARRIER, CARRIER, 15),
        (CARRIER, Place(HOST, None, ("192.0.2.2",)), 15),
        (CARRIER, Place(HOST, None, ("192.0.2.3",)), 0),
        (CARRIER, Place("another.example", None, CARRIER.addresses), 0),
        # Whoever writes the carrier's name over his own proxy meets only himself.
        (Place(HOST, "proxy.tenant.example", ("203.0.113.1",)), CARRIER, 0),
        (Place(HOST, "192.0.2.1", ("192.0.2.1",)), CARRIER, 15),
        # Nobody knows yet where they lead: the same way is the same place.
        (NEW, NEW, 15),
        (CARRIER, NEW, 15),
        (NEW, Place(HOST, "proxy.tenant.example"), 0),
        (Place(HOST, "a.tenant.example"), Place(HOST, "b.tenant.example"), 0),
        # What is known is known: it does not wait for whom it has nothing in common with.
        (NEW, CARRIER, 0),
    ],
)
def test_who_waits_for_whom(first: Place, second: Place, waits_seconds: int) -> None:
    spacing = HostSpacing(15, NOW)
    assert spacing.turn(first) == NOW
    assert spacing.turn(second) == NOW + timedelta(seconds=waits_seconds)


def test_turns_at_one_place_are_a_spacing_apart_and_begin_after_what_was_asked_before() -> None:
    spacing = HostSpacing(15, NOW)
    spacing.asked([(CARRIER, NOW - timedelta(seconds=5)), (CARRIER, NOW - timedelta(seconds=10))])
    turns = [(spacing.turn(CARRIER) - NOW).total_seconds() for _ in range(3)]
    assert turns == [10, 25, 40]


def test_an_environment_weighs_the_same_however_many_destinations_it_spreads_it_over() -> None:
    theirs, ours, spread = new_id(), new_id(), new_id()
    real = new_id()
    many: list[UUID] = [new_id() for _ in range(200)]
    found = weights({real: {theirs, ours}, **{each: {spread} for each in many}})
    assert found[real] == 2
    assert sum(found[each] for each in many) == pytest.approx(1)
