"""Thirty days of a trunk as a picture: uptime by the day, and how long answers took."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.language.catalogs import translated
from trunks.rules.health_history import HistoryPoint

DAYS = 30
WIDTH, HEIGHT = 600, 84

_GAP = 3
_LEAST_HEIGHT = 2.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A day; `kind` colours it."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    said: str


@dataclass(frozen=True, slots=True)
class HistoryChart:
    """`uptime` and `latency` have bars for each day with a check in it; `said` is for whoever sees no picture."""

    uptime: Sequence[Bar]
    latency: Sequence[Bar]
    uptime_said: str
    latency_said: str
    width: int = WIDTH
    height: int = HEIGHT


def chart_of(points: Sequence[HistoryPoint], today: datetime) -> HistoryChart | None:
    """Draw the days up to today; None where none had a check."""
    first = today.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)
    days = [(index, point) for point in points if 0 <= (index := (point.at - first).days) < DAYS]
    if not days:
        return None
    checks, answered = sum(each.checks for _, each in days), sum(each.answered for _, each in days)
    longest = max((each.latency_p95_ms or 0.0 for _, each in days), default=0.0)
    counted = translated("1 day") if len(days) == 1 else translated("%(days)s days") % {"days": len(days)}
    return HistoryChart(
        [bar for index, point in days for bar in _uptime(index, point)],
        [_latency(index, point, longest) for index, point in days if point.latency_p95_ms is not None],
        translated("{answered} of {checks} checks were answered on {days}.").format(
            answered=answered, checks=checks, days=counted
        ),
        translated("Up to {ms} ms in 95 of 100 answers of a day.").format(ms=round(longest))
        if longest
        else translated("No latency was measured."),
    )


def _uptime(index: int, point: HistoryPoint) -> list[Bar]:
    """What was answered stands below what was not; little of that can be seen, too."""
    said = translated("{day}: {share} of {checks} checks answered").format(
        day=f"{point.at:%Y-%m-%d}", share=f"{point.uptime:.2%}", checks=point.checks
    )
    missed = min(HEIGHT, max(_LEAST_HEIGHT, HEIGHT * (1 - point.uptime))) if point.uptime < 1 else 0.0
    answered = _bar(index, 0.0, HEIGHT - missed, "good", said)
    return [each for each in (answered, _bar(index, HEIGHT - missed, missed, "bad", said)) if each.height]


def _latency(index: int, point: HistoryPoint, longest: float) -> Bar:
    slow = point.latency_p95_ms or 0.0
    said = translated("{day}: median {median} ms, 95 of 100 within {slow} ms").format(
        day=f"{point.at:%Y-%m-%d}", median=round(point.latency_median_ms or 0), slow=round(slow)
    )
    return _bar(index, 0.0, max(_LEAST_HEIGHT, HEIGHT * slow / longest if longest else 0.0), "plain", said)


def _bar(index: int, above: float, height: float, kind: str, said: str) -> Bar:
    """A bar that begins so far above the ground."""
    step = WIDTH / DAYS
    top = HEIGHT - above - height
    return Bar(round(index * step, 2), round(top, 2), round(step - _GAP, 2), round(height, 2), kind, said)
