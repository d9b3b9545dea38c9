"""Who has to go when there is no room, and who has lingered for too long."""

from collections.abc import Sequence

import pytest

from trunkd.connections import LONGEST_SECONDS, Connections, Phase, source_of

NEAR, FAR = "192.0.2.1", "198.51.100.1"


def full_of(phases: Sequence[tuple[str, str, Phase]], *, most: int, of_one: int) -> Connections[str]:
    """Take in (name, address, what it is at), a second after each other."""
    connections = Connections[str](most, of_one)
    for second, (name, address, phase) in enumerate(phases):
        assert connections.enter(name, address, float(second)) is None
        connections.at(name, phase, float(second))
    return connections


@pytest.mark.parametrize(
    ("phases", "comes_from", "goes"),
    [
        # There is room.
        ([], NEAR, None),
        ([("a", NEAR, Phase.HEAD)], NEAR, None),
        # One address has all it may have: of its own the one that has lingered longest.
        ([("a", NEAR, Phase.HEAD), ("b", NEAR, Phase.HEAD), ("c", FAR, Phase.IDLE)], NEAR, "a"),
        ([("a", NEAR, Phase.WORK), ("b", NEAR, Phase.HEAD)], NEAR, "b"),
        ([("a", NEAR, Phase.HEAD), ("b", NEAR, Phase.IDLE)], NEAR, "b"),
        ([("a", NEAR, Phase.ANSWER), ("b", NEAR, Phase.BODY)], NEAR, "b"),
        ([("a", NEAR, Phase.HEAD), ("b", NEAR, Phase.REFUSED)], NEAR, "b"),
        # All of them work: whoever comes.
        ([("a", NEAR, Phase.WORK), ("b", NEAR, Phase.WORK)], NEAR, "new"),
        ([("a", NEAR, Phase.WORK), ("b", NEAR, Phase.WORK)], FAR, None),
        # All have what all may have: of the address that has most.
        ([("c", FAR, Phase.HEAD), ("a", NEAR, Phase.IDLE), ("b", NEAR, Phase.IDLE)], "203.0.113.1", "a"),
        ([("c", FAR, Phase.IDLE), ("a", NEAR, Phase.WORK), ("b", NEAR, Phase.WORK)], "203.0.113.1", "new"),
    ],
)
def test_who_makes_room(phases: list[tuple[str, str, Phase]], comes_from: str, goes: str | None) -> None:
    connections = full_of(phases, most=3, of_one=2)
    assert connections.enter("new", comes_from, 100.0) == goes
    assert len(connections) == len(phases) + (goes is None)
    # Whoever went is not told to go again.
    if goes not in (None, "new"):
        connections.at(str(goes), Phase.WORK, 101.0)
        assert connections.enter("newer", comes_from, 102.0) != goes


def test_a_crowd_comes_and_goes_and_nothing_is_left() -> None:
    connections = Connections[int](50, 10)
    inside: set[int] = set()
    for number in range(2000):
        gone = connections.enter(number, f"192.0.2.{number % 20}", float(number))
        if gone != number:
            inside.add(number)
        if gone is not None:
            inside.discard(gone)
        connections.at(number, list(Phase)[number % len(Phase)], float(number))
        assert len(connections) == len(inside) <= 50
    for number in inside:
        connections.leave(number)
        connections.leave(number)
    assert len(connections) == 0
    assert connections.enter(1, NEAR, 0.0) is None


@pytest.mark.parametrize("phase", Phase)
def test_how_long_one_may_be_at_it(phase: Phase) -> None:
    connections = full_of([("a", NEAR, phase)], most=3, of_one=3)
    longest = LONGEST_SECONDS.get(phase)
    if longest is None:
        assert connections.overdue(1e9) == []
        return
    assert connections.overdue(longest - 0.1) == []
    assert connections.overdue(longest) == ["a"]
    # A byte more is no new beginning; that it was kept waiting is one.
    connections.at("a", phase, longest)
    assert connections.overdue(longest) == ["a"]
    connections.again("a", longest)
    assert connections.overdue(longest) == []
    assert connections.overdue(2 * longest) == ["a"]


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, ""),
        ("", ""),
    ],
)
def test_one_source(address: str | None, source: str) -> None:
    assert source_of(address) == source
