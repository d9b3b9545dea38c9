"""When calls leave an edge, and when they come back."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from sipcheck.target import TransportName
from trunks.rules.edge_watch import EdgeWatch, WatchedEdge, after_check, held_back, newly_silent, watched
from trunks.rules.way_evidence import WayEdge, WayFinding

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ONE, TWO = "198.51.100.1:5060/udp", "198.51.100.2:5060/udp"
MINUTE = timedelta(minutes=1)


def run(looks: str, *, every: timedelta = MINUTE, threshold: int = 3) -> tuple[EdgeWatch, list[int]]:
    """Check ONE as often as there are signs, `+` where it answered; give the looks after which calls moved."""
    watch, moves = after_check(EdgeWatch(), {ONE: True, TWO: True}, NOON, threshold=threshold), []
    for number, sign in enumerate(looks, start=1):
        before = watch.fallen
        watch = after_check(watch, {ONE: sign == "+", TWO: True}, NOON + number * every, threshold=threshold)
        if watch.fallen != before:
            moves.append(number)
    return watch, moves


@pytest.mark.parametrize(
    ("looks", "moves"),
    [
        ("+" * 20, []),
        ("--+--+--+", []),
        ("---", [3]),
        ("-" * 30, [3]),
        ("---" + "+" * 10, [3]),
        ("---" + "+" * 11, [3, 14]),
        ("---" + "+" * 9 + "-" + "+" * 11, [3, 24]),
        ("---++" * 12, [3]),
        # The second time it has to be well for forty minutes.
        ("---" + "+" * 11 + "---" + "+" * 40, [3, 14, 17]),
        ("---" + "+" * 11 + "---" + "+" * 41, [3, 14, 17, 58]),
    ],
)
def test_calls_leave_a_fallen_edge_and_come_back_when_it_was_well_for_long(
    looks: str, moves: Sequence[int]
) -> None:
    assert run(looks)[1] == moves


def test_the_longest_calm_is_two_hours() -> None:
    watch = EdgeWatch({ONE: WatchedEdge(3, fallen=True)}, tuple(NOON for _ in range(20)))
    watch = after_check(watch, {ONE: True}, NOON, threshold=3)
    almost = after_check(watch, {ONE: True}, NOON + timedelta(minutes=119), threshold=3)
    assert almost.fallen == {ONE}
    assert after_check(almost, {ONE: True}, NOON + timedelta(minutes=120), threshold=3).fallen == set()


def test_moves_of_yesterday_are_forgotten() -> None:
    watch = EdgeWatch({ONE: WatchedEdge(3, fallen=True)}, tuple(NOON for _ in range(20)))
    later = NOON + timedelta(days=1)
    watch = after_check(watch, {ONE: True}, later, threshold=3)
    assert after_check(watch, {ONE: True}, later + 10 * MINUTE, threshold=3).fallen == set()


def test_what_was_not_asked_stays_as_it_was_and_what_never_answered_cannot_fall() -> None:
    watch = run("---")[0]
    assert after_check(watch, {TWO: True}, NOON, threshold=3).fallen == {ONE}
    assert after_check(EdgeWatch(), {ONE: False}, NOON, threshold=1) == EdgeWatch()
    # What a report found alive has answered.
    assert after_check(EdgeWatch(), {ONE: False}, NOON, threshold=1, answered=[ONE]).fallen == {ONE}


def test_checks_say_more_of_life_than_one_report() -> None:
    def edge(address: str, lives: bool | None) -> WayEdge:
        return WayEdge(
            host="carrier.example", address=address, port=5060, transport=TransportName.UDP, lives=lives
        )

    found = WayFinding(
        edges=(
            edge("198.51.100.1", lives=True),
            edge("198.51.100.2", lives=False),
            edge("198.51.100.3", lives=None),
        )
    )
    assert [each.lives for each in watched(found, run("---")[0]).edges] == [False, True, None]
    assert [each.lives for each in watched(found, EdgeWatch()).edges] == [True, False, None]


def test_a_carrier_that_drains_an_edge_is_left_after_three_answers_and_twice_the_time_to_live() -> None:
    watch, gone = after_check(EdgeWatch(), {ONE: True, TWO: True}, NOON, threshold=3), []
    for number in range(1, 30):
        watch = after_check(watch, {TWO: True}, NOON + number * MINUTE, threshold=3)
        gone.append(ONE in watch.fallen)
    assert gone.index(True) == 10
    assert TWO in watch.standing
    # Asked seldom, it takes three answers.
    watch = after_check(EdgeWatch(), {ONE: True, TWO: True}, NOON, threshold=3)
    for hour, is_gone in ((1, False), (2, False), (3, True)):
        watch = after_check(watch, {TWO: True}, NOON + timedelta(hours=hour), threshold=3)
        assert (ONE in watch.fallen) is is_gone
    # Named again, it comes back as one that had fallen; one silence of DNS would have said nothing.
    back = NOON + timedelta(hours=4)
    for minute, is_gone in ((0, True), (9, True), (29, False)):
        watch = after_check(watch, {ONE: True, TWO: True}, back + minute * MINUTE, threshold=3)
        assert (ONE in watch.fallen) is is_gone
    assert after_check(watch, {}, back + timedelta(hours=1), threshold=3) == watch


@pytest.mark.parametrize(
    ("ttls", "gone_after"),
    [
        ([None] * 4, 10),
        # Three answers in a row, however short it is.
        ([0] * 4, 2),
        ([20] * 4, 2),
        ([90] * 4, 3),
        ([3600] * 4, 120),
        # A cache counts down: the first answer that left it out was new.
        ([3540, 3480, 3420, 3360], 118),
        ([600, 20, 20, 20], 20),
        # Whatever a zone says.
        ([2**31 - 1] * 4, 24 * 60),
    ],
)
def test_an_edge_is_withdrawn_after_twice_the_time_to_live_of_its_records(
    ttls: Sequence[int | None], gone_after: int
) -> None:
    watch = after_check(EdgeWatch(), {ONE: True, TWO: True}, NOON, threshold=3)
    for minute in range(24 * 60 + 1):
        seconds = ttls[min(minute, len(ttls) - 1)]
        ttl = None if seconds is None else timedelta(seconds=seconds)
        watch = after_check(watch, {TWO: True}, NOON + (1 + minute) * MINUTE, threshold=3, ttl=ttl)
        if ONE in watch.fallen:
            break
    assert minute == gone_after
    # Named again, it begins anew.
    named = after_check(watch, {ONE: True, TWO: True}, NOON + timedelta(days=2), threshold=3)
    assert named.edges[ONE].ttl is None


def test_a_carrier_that_rotates_four_of_twelve_addresses_moves_nobody_in_a_day() -> None:
    chance = Random(12)
    edges = [f"198.51.100.{number}:5060/udp" for number in range(12)]
    watch = EdgeWatch()
    for minute in range(24 * 60):
        seen = dict.fromkeys(chance.sample(edges, 4), True)
        watch = after_check(watch, seen, NOON + minute * MINUTE, threshold=3)
        assert not watch.fallen
        assert not watch.moved_at
    assert watch.standing == set(edges)


def test_what_was_withdrawn_for_a_week_is_forgotten() -> None:
    watch = after_check(EdgeWatch(), {ONE: True, TWO: True}, NOON, threshold=3)
    for day in range(9):
        watch = after_check(watch, {TWO: True}, NOON + timedelta(days=day), threshold=3)
    assert set(watch.edges) == {TWO}


def test_a_clock_that_was_set_back_keeps_nobody_away_for_longer() -> None:
    ahead = NOON + timedelta(days=300)
    back = EdgeWatch({ONE: WatchedEdge(3, fallen=True, well_since=ahead)}, (ahead,))
    gone = EdgeWatch({TWO: WatchedEdge(absences=2, absent_since=ahead)}, rotated_at=ahead)
    for minute in range(11):
        back, gone = (
            after_check(each, {ONE: True}, NOON + minute * MINUTE, threshold=3) for each in (back, gone)
        )
        assert (ONE in back.fallen) == (minute < 10)
        assert TWO in gone.standing
    # The day in which others may take its place begins now.
    assert TWO in after_check(gone, {ONE: True}, NOON + timedelta(days=1), threshold=3).fallen


def test_an_answer_that_is_not_whole_says_nothing_of_what_it_does_not_name() -> None:
    watch = after_check(EdgeWatch(), {ONE: True, TWO: True}, NOON, threshold=3)
    for hour in range(1, 6):
        watch = after_check(watch, {TWO: True}, NOON + timedelta(hours=hour), threshold=3, is_whole=False)
    assert watch.standing == {ONE, TWO}


def test_what_a_report_alone_has_named_is_watched_too() -> None:
    watch = after_check(EdgeWatch(), {TWO: True}, NOON, threshold=3, answered=[ONE])
    assert watch.standing == {ONE, TWO}
    # The first answer of a check named another than the report did: that rotates.
    assert watch.rotated_at == NOON
    for hour in range(1, 24):
        watch = after_check(watch, {TWO: True}, NOON + timedelta(hours=hour), threshold=3, answered=[ONE])
    assert watch.standing == {ONE, TWO}
    gone = after_check(watch, {TWO: True}, NOON + timedelta(days=1), threshold=3, answered=[ONE])
    assert gone.fallen == {ONE}
    # It is known as gone as long as a report names it.
    later = after_check(gone, {TWO: True}, NOON + timedelta(days=9), threshold=3, answered=[ONE])
    assert later.fallen == {ONE}
    assert after_check(later, {TWO: True}, NOON + timedelta(days=9), threshold=3).edges.keys() == {TWO}


@pytest.mark.parametrize(
    ("looks", "falls"),
    [
        ("++", False),
        # `h` was silent and held back; it counts beside the next one, unless an answer came between.
        ("h--", True),
        ("h-", False),
        ("hh-", True),
        ("h+--", False),
        ("-h-", True),
        ("hhhh", False),
    ],
)
def test_what_was_held_back_counts_beside_the_next_failure(looks: str, falls: bool) -> None:
    watch = after_check(EdgeWatch(), {ONE: True, TWO: True}, NOON, threshold=3)
    for number, sign in enumerate(looks, start=1):
        seen = {ONE: sign == "+", TWO: True}
        if sign == "h":
            watch = held_back(watch, seen, (), threshold=3)
        else:
            watch = after_check(watch, seen, NOON + number * MINUTE, threshold=3)
    assert (ONE in watch.fallen) is falls


@pytest.mark.parametrize(
    ("edge", "answered", "is_new"),
    [
        (WatchedEdge(), (), True),
        (None, [ONE], True),
        (None, (), False),
        (WatchedEdge(failures=1), (), False),
        (WatchedEdge(held=1), (), False),
        (WatchedEdge(fallen=True), [ONE], False),
        (WatchedEdge(withdrawn=True), (), False),
    ],
)
def test_an_edge_falls_newly_once(edge: WatchedEdge | None, answered: Sequence[str], is_new: bool) -> None:
    watch = EdgeWatch({} if edge is None else {ONE: edge})
    assert newly_silent(watch, [ONE], answered) == ({ONE} if is_new else set())
    assert newly_silent(watch, [], answered) == set()
