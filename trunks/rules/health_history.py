"""Health as history: counts by the hour or day, of a trunk's destinations, made to points (docs/design/people.md)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from trunks.rules.latency_buckets import BOUNDS_MS


class HistoryStep(StrEnum):
    HOUR = "hour"
    DAY = "day"


# What is shown when no beginning is given, and the longest that is shown at once.
USUAL_SPAN = {HistoryStep.HOUR: timedelta(hours=24), HistoryStep.DAY: timedelta(days=30)}
LONGEST_SPAN = {HistoryStep.HOUR: timedelta(days=31), HistoryStep.DAY: timedelta(days=400)}


@dataclass(frozen=True, slots=True)
class CountedSpan:
    """What the checks of one destination came to within an hour or a day that began at `at`.

    `latencies` are how many answers there were of each size, the longest of which took `latency_max_ms`.
    """

    destination_id: UUID
    at: datetime
    checks: int
    failures: int
    latency_max_ms: float
    latencies: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """An hour or a day of a trunk: all checks of its destinations, and the uptime of the worst of them.

    Median and 95th percentile are read from sizes of latencies: each lies in the bucket of the true one.
    """

    at: datetime
    checks: int
    answered: int
    uptime: float
    latency_median_ms: float | None
    latency_p95_ms: float | None


def beginning_of(step: HistoryStep, moment: datetime) -> datetime:
    """When the hour or the day in UTC began that a moment lies in."""
    hour = moment.replace(minute=0, second=0, microsecond=0)
    return hour if step is HistoryStep.HOUR else hour.replace(hour=0)


def history(spans: Iterable[CountedSpan], step: HistoryStep) -> list[HistoryPoint]:
    """Make the points, oldest first; an hour or a day without a check has none."""
    by_beginning: dict[datetime, list[CountedSpan]] = defaultdict(list)
    for span in spans:
        if span.checks:
            by_beginning[beginning_of(step, span.at)].append(span)
    return [_point(at, by_beginning[at]) for at in sorted(by_beginning)]


def percentile_ms(latencies: Sequence[int], share: float, longest_ms: float) -> float | None:
    """Read a percentile from counts by size; None where nothing was measured.

    It is the value at its place among those of its bucket, as if they lay there at equal distances.
    """
    rank = share * sum(latencies)
    below = 0
    for number, count in enumerate(latencies):
        if count and below + count >= rank:
            least = BOUNDS_MS[number - 1] if number else 0.0
            most = min(BOUNDS_MS[number], longest_ms) if number < len(BOUNDS_MS) else longest_ms
            return round(least + max(0.0, most - least) * (rank - below) / count, 3)
        below += count
    return None


def _point(at: datetime, spans: Sequence[CountedSpan]) -> HistoryPoint:
    counted = _by_destination(spans)
    whole = _added(counted)
    return HistoryPoint(
        at,
        checks=whole.checks,
        answered=whole.checks - whole.failures,
        uptime=min(1 - each.failures / each.checks for each in counted),
        latency_median_ms=percentile_ms(whole.latencies, 0.5, whole.latency_max_ms),
        latency_p95_ms=percentile_ms(whole.latencies, 0.95, whole.latency_max_ms),
    )


def _by_destination(spans: Sequence[CountedSpan]) -> Sequence[CountedSpan]:
    # Hours of one destination are the most by far, and a month has 720 of them.
    if len(spans) == 1:
        return spans
    found: dict[UUID, list[CountedSpan]] = defaultdict(list)
    for span in spans:
        found[span.destination_id].append(span)
    return [_added(each) for each in found.values()]


def _added(spans: Sequence[CountedSpan]) -> CountedSpan:
    first = spans[0]
    if len(spans) == 1:
        return first
    return CountedSpan(
        first.destination_id,
        first.at,
        checks=sum(span.checks for span in spans),
        failures=sum(span.failures for span in spans),
        latency_max_ms=max(span.latency_max_ms for span in spans),
        latencies=tuple(map(sum, zip(*(span.latencies for span in spans), strict=True))),
    )
