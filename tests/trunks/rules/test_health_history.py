"""Health as history, against checks that were reckoned one by one."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from statistics import quantiles
from uuid import UUID

import pytest

from trunks.rules.health_history import CountedSpan, HistoryStep, history, percentile_ms
from trunks.rules.latency_buckets import BUCKETS, bucket_of

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
ONE, OTHER = UUID(int=1), UUID(int=2)
NOTHING = (0,) * BUCKETS


def sizes(*latencies_ms: float) -> tuple[int, ...]:
    counted = [0] * BUCKETS
    for latency_ms in latencies_ms:
        counted[bucket_of(latency_ms)] += 1
    return tuple(counted)


def span(of: UUID, at: datetime, checks: int, failures: int, *latencies_ms: float) -> CountedSpan:
    return CountedSpan(of, at, checks, failures, max(latencies_ms, default=0.0), sizes(*latencies_ms))


@pytest.mark.parametrize(
    ("spans", "step", "expected"),
    [
        ([], HistoryStep.HOUR, []),
        # Nothing was checked: no point.
        ([span(ONE, BEGIN, 0, 0)], HistoryStep.HOUR, []),
        ([span(ONE, BEGIN, 4, 4)], HistoryStep.HOUR, [(0, 4, 0, 0.0, None)]),
        ([span(ONE, BEGIN, 4, 1, 8.0, 8.0, 8.0)], HistoryStep.HOUR, [(0, 4, 3, 0.75, 6.5)]),
        # The worst destination's uptime, the checks of both.
        (
            [span(ONE, BEGIN, 10, 0), span(OTHER, BEGIN, 2, 1)],
            HistoryStep.HOUR,
            [(0, 12, 11, 0.5, None)],
        ),
        # A day is what its hours come to; a destination's hours are added up before they are compared.
        (
            [span(ONE, BEGIN, 1, 1), span(ONE, BEGIN + timedelta(hours=23), 3, 0)],
            HistoryStep.DAY,
            [(0, 4, 3, 0.75, None)],
        ),
        (
            [span(ONE, BEGIN + timedelta(hours=25), 1, 0), span(ONE, BEGIN, 2, 0)],
            HistoryStep.DAY,
            [(0, 2, 2, 1.0, None), (24, 1, 1, 1.0, None)],
        ),
    ],
)
def test_points(
    spans: list[CountedSpan],
    step: HistoryStep,
    expected: list[tuple[int, int, int, float, float | None]],
) -> None:
    found = [
        (
            (point.at - BEGIN) // timedelta(hours=1),
            point.checks,
            point.answered,
            point.uptime,
            point.latency_median_ms,
        )
        for point in history(spans, step)
    ]
    assert found == expected


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_a_percentile_lies_where_the_true_one_does(share: float) -> None:
    drawn = random.Random(20)
    for count in (1, 2, 19, 20, 400):
        latencies = sorted(drawn.choice((drawn.uniform(0.1, 3000), drawn.gauss(40, 5))) for _ in range(count))
        latencies = [max(0.1, each) for each in latencies]
        true = sorted(latencies)[max(0, -int(-share * count // 1) - 1)]
        found = percentile_ms(sizes(*latencies), share, max(latencies))
        assert found is not None
        assert found <= max(latencies)
        assert bucket_of(found) == bucket_of(true), (count, found, true)


def test_nothing_measured_has_no_percentile() -> None:
    assert percentile_ms(NOTHING, 0.5, 0.0) is None


def test_a_reckoned_year() -> None:
    """One check a quarter of an hour at two destinations, each counted by hand as well."""
    drawn = random.Random(7)
    spans: list[CountedSpan] = []
    checks: dict[datetime, dict[UUID, list[float | None]]] = defaultdict(lambda: defaultdict(list))
    for hour in range(365 * 24):
        at = BEGIN + timedelta(hours=hour)
        for of, failing in ((ONE, 0.001), (OTHER, 0.2 if hour % 500 < 5 else 0.0)):
            answers = [None if drawn.random() < failing else drawn.lognormvariate(3.5, 0.6) for _ in range(4)]
            checks[at.replace(hour=0)][of] += answers
            measured = [each for each in answers if each is not None]
            spans.append(span(of, at, 4, answers.count(None), *measured))
    drawn.shuffle(spans)
    points = history(spans, HistoryStep.DAY)
    assert [point.at for point in points] == sorted(checks)
    for point in points:
        day = checks[point.at]
        alive = {of: 1 - answers.count(None) / len(answers) for of, answers in day.items()}
        measured = [each for answers in day.values() for each in answers if each is not None]
        assert (point.checks, point.answered) == (192, len(measured))
        assert point.uptime == pytest.approx(min(alive.values()))
        cuts = quantiles(measured, n=20, method="inclusive")
        for found, true in ((point.latency_median_ms, cuts[9]), (point.latency_p95_ms, cuts[18])):
            assert found is not None
            # At a bucket's end two neighbouring answers may lie on either side.
            assert abs(bucket_of(found) - bucket_of(true)) <= 1
