"""Whose the tokens of an address are, by tables and by properties."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trunks.ids import new_id
from trunks.rules.pace_shares import CHECKS, LONGEST_WAIT, WANTS_ON, AddressPace

NOW = datetime(2026, 3, 1, tzinfo=UTC)
A, B, C = new_id(), new_id(), new_id()
NAMES = {"a": A, "b": B, "c": C, "checks": CHECKS}


def pace(tokens: float = 0.0, *wanters: str, rate: float = 4.0, burst: float = 8.0) -> AddressPace:
    made = AddressPace(rate, burst, tokens, NOW)
    for wanter in wanters:
        made.want(NAMES[wanter], NOW)
        made.comes_again(NAMES[wanter], NOW + timedelta(days=1))
    return made


@pytest.mark.parametrize(
    ("wanters", "parts"),
    [
        ("", {"a": 1.0, "checks": 1.0}),
        ("a", {"a": 1.0, "b": 0.5, "checks": 0.25}),
        ("a b", {"a": 0.5, "b": 0.5}),
        ("checks", {"checks": 1.0, "a": 0.75}),
        ("checks a", {"checks": 0.25, "a": 0.75, "b": 0.375}),
        ("checks a b c", {"checks": 0.25, "a": 0.25, "b": 0.25, "c": 0.25}),
    ],
)
def test_parts(wanters: str, parts: dict[str, float]) -> None:
    made = pace(0, *wanters.split())
    assert {each: made.part(NAMES[each]) for each in parts} == parts


@pytest.mark.parametrize(
    ("wanters", "seconds", "own", "unowned"),
    [
        ("", 1, {}, 4),
        ("a", 1, {"a": 4}, 0),
        ("a b", 1, {"a": 2, "b": 2}, 0),
        ("a b checks", 1, {"a": 1.5, "b": 1.5, "checks": 1}, 0),
        # Each is full at his part of the burst.
        ("a b", 60, {"a": 4, "b": 4}, 0),
        ("a b checks", 60, {"a": 3, "b": 3, "checks": 2}, 0),
    ],
)
def test_a_refill_is_split(wanters: str, seconds: int, own: dict[str, float], unowned: float) -> None:
    made = pace(0, *wanters.split())
    made.refill(NOW + timedelta(seconds=seconds))
    assert {each: made.shares[NAMES[each]].tokens for each in own} == pytest.approx(own)
    assert made.unowned == pytest.approx(unowned)
    assert made.tokens == min(8, 4 * seconds)


def test_what_one_has_no_room_for_flows_to_the_others() -> None:
    made = pace(0, "a", "b")
    made.refill(NOW + timedelta(seconds=2))
    made.take(A, 4)
    made.refill(NOW + timedelta(seconds=3))
    assert made.shares[A].tokens == pytest.approx(4)  # all four of the second, for b is full


def test_a_wish_larger_than_a_full_share_goes_when_that_is_full_and_is_owed() -> None:
    made = pace(0, "a", "b")
    assert made.wait_seconds(A, 6) == pytest.approx(2)
    made.refill(NOW + timedelta(seconds=2))
    assert made.wait_seconds(A, 6) == 0
    made.take(A, 6)
    assert made.shares[A].tokens == pytest.approx(-2)
    assert made.tokens == pytest.approx(2)
    # The other's share is as it was, and its tokens are there again in a moment.
    assert made.shares[B].tokens == pytest.approx(4)
    assert made.wait_seconds(B, 4) == pytest.approx(0.5)
    assert made.wait_seconds(A, 3) == pytest.approx((3 + 2) / 2)


def test_a_wish_larger_than_the_bucket_goes_when_that_is_full() -> None:
    made = pace(8)
    assert made.wait_seconds(A, 20) == 0
    made.take(A, 20)
    assert made.wait_seconds(A, 1) == pytest.approx(13 / 4)


def test_a_share_ends_when_nobody_of_it_comes_again_and_its_tokens_are_the_others() -> None:
    made = pace(0, "a")
    made.want(B, NOW)
    made.refill(NOW + timedelta(seconds=1))
    assert made.shares[B].tokens == 2
    made.refill(NOW + WANTS_ON)
    assert made.shares.keys() == {A}
    assert made.part(A) == 1.0
    assert made.wait_seconds(A, 8) == 0


def test_who_owes_keeps_his_share_until_he_has_paid() -> None:
    made = pace(0, "a")
    made.want(B, NOW)
    made.take(B, 8)  # by patience, of what is to come
    assert made.shares[B].tokens == -8
    made.refill(NOW + timedelta(seconds=6))
    assert B not in made.shares or made.shares[B].tokens >= 0 or made.shares[A].tokens >= 4


def test_a_line_is_as_long_as_its_part_of_the_pace_makes_it() -> None:
    made = pace(0, "a", "b")
    due = [
        made.put_off(A, NOW, wait_seconds=0.5, line_seconds=made.line_seconds(A, 3), draw=0.0)
        for _ in range(3)
    ]
    assert [(at - NOW).total_seconds() for at in due] == pytest.approx([1.5, 3, 4.5])


def test_whoever_is_beyond_the_longest_wait_looks_at_a_drawn_moment_before() -> None:
    made = pace(0, "a")
    made.shares[A].line_until = NOW + LONGEST_WAIT
    for draw, share in ((0.0, 1.0), (1.0, 0.5)):
        at = made.put_off(A, NOW, wait_seconds=0, line_seconds=1, draw=draw)
        assert at - NOW == LONGEST_WAIT * share


def test_a_line_comes_earlier_when_tokens_lie_idle() -> None:
    made = pace(0, "a", "b")
    made.put_off(A, NOW, wait_seconds=0, line_seconds=60, draw=0.0)
    assert made.early(A, 2, NOW) == []
    made.refill(NOW + timedelta(seconds=2))
    seconds = [(at - NOW).total_seconds() for at in made.early(A, 2, NOW)]
    assert seconds[:4] == pytest.approx([0, 0, 1, 2])
    assert made.early(B, 2, NOW) == []  # nobody of it waits


def test_where_one_goes_after_the_other_idle_tokens_are_for_the_next_alone() -> None:
    made = pace(0, "a")
    made.put_off(A, NOW, wait_seconds=0, line_seconds=60, draw=0.0)

    def early() -> list[float]:
        return [(at - NOW).total_seconds() for at in made.early(A, 2, NOW, turn_seconds=1.5)]

    # Whose time is far off comes forward all the same: else nobody might come at all until then.
    assert early() == pytest.approx([1.5, 3, 4.5, 6])
    made.refill(NOW + timedelta(seconds=2))
    assert early() == pytest.approx([0, 1.5, 3, 4.5, 6])


WANTERS = st.sampled_from(sorted(NAMES))
WISHES = st.lists(
    st.tuples(st.floats(0, 3), WANTERS, st.integers(1, 10), st.booleans()), min_size=1, max_size=60
)


@given(WISHES, st.floats(0.1, 50), st.integers(1, 40))
def test_nobody_together_is_granted_more_than_the_rate(
    wishes: list[tuple[float, str, int, bool]], rate: float, burst: int
) -> None:
    made = pace(burst, rate=rate, burst=burst)
    now, granted, largest = NOW, 0.0, 0
    for seconds, name, cost, owes in wishes:
        now += timedelta(seconds=seconds)
        made.refill(now)
        wanter = NAMES[name]
        if made.wait_seconds(wanter, cost) == 0:
            made.take(wanter, cost)
            granted += cost
            largest = max(largest, cost)
        elif owes:
            made.put_off(wanter, now, wait_seconds=0.1, line_seconds=1, draw=0.5)
        assert made.tokens == pytest.approx(made.unowned + sum(s.tokens for s in made.shares.values()))
        assert made.tokens <= burst + 1e-6
        passed_seconds = (now - NOW).total_seconds()
        assert granted <= burst + rate * passed_seconds + max(0, largest - burst) + 1e-3


@example([1, 1], False, 17.375, 1)
@settings(max_examples=30)
@given(
    st.lists(st.integers(1, 8), min_size=1, max_size=6),
    st.booleans(),
    st.floats(0.5, 20),
    st.integers(1, 20),
)
def test_no_environment_is_ever_without_progress_and_nothing_lies_idle(
    costs: list[int], checked: bool, rate: float, burst: int
) -> None:
    made = pace(burst, rate=rate, burst=burst)
    wishes: dict[UUID, int] = {new_id(): cost for cost in costs}
    if checked:
        wishes[CHECKS] = 1
    got = dict.fromkeys(wishes, 0)
    now, step = NOW, 0.25 / rate
    rounds = 100 * len(wishes)
    for _ in range(rounds):
        now += timedelta(seconds=step)
        made.refill(now)
        # The first is the greediest, and asks before all others each time.
        for wanter, cost in wishes.items():
            if made.wait_seconds(wanter, cost) == 0:
                made.take(wanter, cost)
                got[wanter] += cost
            else:
                made.want(wanter, now, cost)
                made.comes_again(wanter, now)
    came = rate * step * rounds
    # What is left is what each holds, short of what it wants next.
    assert sum(got.values()) >= came - sum(wishes.values()) - 1
    fair = came * (0.75 if checked else 1.0) / len(costs)
    for wanter, cost in wishes.items():
        part = came * 0.25 if wanter == CHECKS else fair
        # A wish larger than the bucket is a debt of all, which the others wait for as well.
        assert got[wanter] >= (0.75 * part - 2 * burst if max(costs) <= burst else cost)
