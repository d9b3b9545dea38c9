"""Thirty days as a picture: each day in its place, what was missed to be seen however little it is."""

from datetime import UTC, datetime, timedelta

import pytest

from api.console.history_chart import DAYS, HEIGHT, WIDTH, chart_of
from trunks.rules.health_history import HistoryPoint

TODAY = datetime(2026, 3, 31, 15, 30, tzinfo=UTC)
MIDNIGHT = TODAY.replace(hour=0, minute=0)


def day(ago: int, uptime: float = 1.0, p95: float | None = 20.0) -> HistoryPoint:
    median = None if p95 is None else p95 / 2
    return HistoryPoint(MIDNIGHT - timedelta(days=ago), 100, round(100 * uptime), uptime, median, p95)


@pytest.mark.parametrize("points", [[], [day(DAYS)], [day(-1)]])
def test_without_a_check_within_the_days_there_is_none(points: list[HistoryPoint]) -> None:
    assert chart_of(points, TODAY) is None


def test_the_first_day_is_at_the_left_and_today_at_the_right() -> None:
    chart = chart_of([day(DAYS - 1), day(0)], TODAY)
    assert chart is not None
    first, last = chart.uptime
    assert first.x == 0
    assert WIDTH - 5 < last.x + last.width <= WIDTH
    assert chart.uptime_said == "200 of 200 checks were answered on 2 days."


@pytest.mark.parametrize(
    ("uptime", "kinds"),
    [
        (1.0, {"good": HEIGHT}),
        (0.5, {"good": HEIGHT / 2, "bad": HEIGHT / 2}),
        (0.9999, {"good": HEIGHT - 2, "bad": 2}),
        (0.0, {"bad": HEIGHT}),
    ],
)
def test_what_was_missed_stands_on_what_was_answered(uptime: float, kinds: dict[str, float]) -> None:
    chart = chart_of([day(0, uptime)], TODAY)
    assert chart is not None
    assert {bar.kind: bar.height for bar in chart.uptime} == kinds
    assert min(bar.y for bar in chart.uptime) == 0
    assert max(bar.y + bar.height for bar in chart.uptime) == HEIGHT


def test_latencies_are_drawn_by_the_longest_and_none_where_none_was_measured() -> None:
    chart = chart_of([day(2, p95=10.0), day(1, p95=40.0), day(0, 0.0, p95=None)], TODAY)
    assert chart is not None
    assert [bar.height for bar in chart.latency] == [HEIGHT / 4, HEIGHT]
    assert chart.latency_said == "Up to 40 ms in 95 of 100 answers of a day."
