"""Whose turn it is to ask, and whether that may count against us."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunks.ids import new_id
from trunks.rules.asking import Asker, Candidate, Occasion, may_be_knock, seen_by_all, whose_turn

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def candidate(name: str, interval_seconds: float = 60.0, *, proven_here: bool = True) -> Candidate:
    asker = Asker(trunk_id=new_id(), username=name, proven_here=proven_here)
    return Candidate(asker, interval_seconds)


def schedule(candidates: list[Candidate], *, checks: int, interval_seconds: float = 60.0) -> list[str | None]:
    names: list[str | None] = []
    before = None
    for cycle in range(checks):
        now = NOON + timedelta(seconds=cycle * interval_seconds)
        occasion = Occasion(cycle=cycle, now=now, interval_seconds=interval_seconds, before=before)
        asker = whose_turn(candidates, occasion)
        names.append(None if asker is None else asker.username)
        before = now
    return names


def test_nobody_asks_where_nobody_may() -> None:
    assert schedule([], checks=2) == [None, None]


def test_they_ask_one_after_the_other() -> None:
    assert schedule([candidate("a"), candidate("b"), candidate("c")], checks=5) == ["a", "b", "c", "a", "b"]


def test_a_longer_interval_bounds_how_often_a_name_is_used() -> None:
    names = schedule([candidate("a", 60), candidate("b", 600)], checks=100)
    assert names.count("b") <= 10
    assert names.count("a") + names.count("b") == 100


def test_where_the_only_account_has_a_longer_interval_nobody_asks_between() -> None:
    names = schedule([candidate("b", 600)], checks=30)
    assert names.count("b") == 3
    assert names.count(None) == 27


@given(
    intervals=st.lists(st.sampled_from([30.0, 60.0, 90.0, 600.0, 3600.0]), min_size=1, max_size=5),
    steps=st.lists(st.floats(5.0, 120.0), min_size=1, max_size=200),
)
def test_a_name_is_used_once_in_an_interval_of_its_own(intervals: list[float], steps: list[float]) -> None:
    shortest = min(intervals)
    candidates = [candidate(str(number), seconds) for number, seconds in enumerate(intervals)]
    used: dict[str, list[datetime]] = {}
    before, now = None, NOON
    for cycle, step in enumerate(steps):
        asker = whose_turn(
            candidates, Occasion(cycle=cycle, now=now, interval_seconds=shortest, before=before)
        )
        assert asker is not None  # who asked for the shortest interval is always willing
        used.setdefault(asker.username, []).append(now)
        before, now = now, now + timedelta(seconds=step)
    for name, moments in used.items():
        seconds = intervals[int(name)]
        if seconds > shortest:
            windows = [moment.timestamp() // seconds for moment in moments]
            assert len(windows) == len(set(windows))


@pytest.mark.parametrize(
    ("asker", "by_register", "server", "knock"),
    [
        (None, False, None, True),
        (False, False, None, True),
        (True, False, None, False),
        (True, True, "Asterisk PBX 20.1", False),
        (True, False, "FreeSWITCH-mod_sofia/1.10.7-release", False),
        # Each challenge of a REGISTER is a line in their logs, whoever it is of.
        (True, True, "FreeSWITCH-mod_sofia/1.10.7-release", True),
        (True, True, "FusionPBX", True),
    ],
)
def test_only_an_account_that_is_proven_here_is_no_knock(
    asker: bool | None, by_register: bool, server: str | None, knock: bool
) -> None:
    speaks = None if asker is None else candidate("a", proven_here=asker).asker
    assert may_be_knock(speaks, by_register=by_register, server=server) is knock


def test_of_an_answer_to_an_account_nothing_is_kept_that_may_name_it() -> None:
    facts = {"Server": "PBX/1.0", "Retry-After": "30", "Allow": "OPTIONS", "Warning": '399 x "alice"'}
    asker = candidate("alice").asker
    assert seen_by_all(facts, None) == facts
    assert seen_by_all(facts, asker) == {"Server": "PBX/1.0", "Retry-After": "30"}
    assert seen_by_all({"Server": "PBX of alice"}, asker) == {}
