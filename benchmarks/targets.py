"""What the rebuilt queue is expected to cost (docs/design/queue.md), beside what the former one cost."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from benchmarks.measurement import Measurement, Sample, Series
from benchmarks.results import Results, SideBySide
from benchmarks.rows import (
    health_sweep_own,
    service_on_demand,
    service_verifications,
    tls_connection,
    udp_options,
    udp_register,
)
from benchmarks.rows.health_sweep import ALL_ALIVE
from benchmarks.spread import Spread
from benchmarks.sweeps import Sweep, sweeps_of

# The same rows, measured on the same kind of machine on the last day before.
FORMER = Path(__file__).parent / "results" / "before-the-queue.json"

TARGETS_HEADING = ("metric", "formerly", "now", "at least", "aim")
SHARES_HEADING = ("metric", "former code", "today's code", "of the former", "at least", "aim")
_NOT_MEASURED = "not measured"
_TIMES = "×"

Value = Callable[[Measurement], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One figure of a row and its two limits; upper ones, unless more is better."""

    metric: str
    row: str
    value: Value
    unit: str
    at_least: float
    aim: float
    more_is_better: bool = False

    @property
    def against_a_peer(self) -> bool:
        """Whether it is a ratio already, to a program measured in the same round."""
        return self.unit == _TIMES

    def reaches(self, value: float, limit: float) -> bool:
        return value >= limit if self.more_is_better else value <= limit


def targets_table(now: Results, former: Results) -> Iterator[Sequence[str]]:
    """Give a row for each target."""
    for target in TARGETS:
        value = _value(target, now)
        yield (
            target.metric,
            _shown(target, _value(target, former)),
            _shown(target, value),
            _judged(target, value, target.at_least),
            _judged(target, value, target.aim),
        )


def shares_table(side_by_side: SideBySide, former: Results) -> Iterator[Sequence[str]]:
    """Give a row for each target that is no ratio yet, and was measured with both codes.

    What was wanted is the share that a limit is of the former figure on its own day.
    """
    for target in TARGETS:
        then, before, now = (_value(target, each) for each in (former, side_by_side.former, side_by_side.now))
        if target.against_a_peer or then is None or before is None or now is None:
            continue
        share = replace(target, unit=_TIMES)
        yield (
            target.metric,
            _shown(target, before),
            _shown(target, now),
            _shown(share, now / before),
            *(
                _judged(share, now / before, round(limit / then, 2))
                for limit in (target.at_least, target.aim)
            ),
        )


def _value(target: Target, results: Results) -> float | None:
    found = next((each for each in results.measurements if each.row == target.row), None)
    return None if found is None else target.value(found)


def _shown(target: Target, value: float | None) -> str:
    if value is None:
        return _NOT_MEASURED
    return f"{value:,.0f} {target.unit}" if value >= 1000 else f"{value:.3g} {target.unit}"


def _judged(target: Target, value: float | None, limit: float) -> str:
    shown = f"{'≥' if target.more_is_better else '≤'} {limit:g} {target.unit}"
    if value is None:
        return f"{shown}: {_NOT_MEASURED}"
    return f"{shown}: {'reached' if target.reaches(value, limit) else 'falls short'}"


def _series(measurement: Measurement, name: str) -> Series | None:
    return next((series for series in measurement.series if series.name == name), None)


def _median(name: str, of: Callable[[Sample], float | None]) -> Value:
    def value(measurement: Measurement) -> float | None:
        series = _series(measurement, name)
        known = [figure for figure in map(of, series.samples) if figure is not None] if series else []
        return median(known) if known else None

    return value


def _figure(name: str) -> Value:
    return _median(name, lambda sample: sample.figure)


def _rate(name: str) -> Value:
    return _median(name, lambda sample: sample.per_second)


def _ratio(name: str) -> Value:
    def value(measurement: Measurement) -> float | None:
        series, reference = _series(measurement, name), measurement.reference
        return None if series is None or reference is None else Spread.of_ratios(series, reference).median

    return value


def _sweep(of: Callable[[Sweep], float]) -> Value:
    def value(measurement: Measurement) -> float | None:
        return next((of(sweep) for sweep in sweeps_of(measurement) if sweep.cycle == ALL_ALIVE), None)

    return value


def _queued(form: str, asked: str, at_least: float, aim: float) -> Target:
    return Target(
        metric=f"a queued verification, CPU of all processes: {form}, {asked}",
        row=service_verifications.KEY,
        value=_figure(f"{form}, {asked}"),
        unit="ms",
        at_least=at_least,
        aim=aim,
    )


def _a_second(form: str, asked: str, aim: float) -> Target:
    return Target(
        metric=f"verifications a second on 2 cores: {form}, {asked}",
        row=service_verifications.KEY,
        value=_rate(f"{form}, {asked}"),
        unit="a second",
        at_least=300.0,
        aim=aim,
        more_is_better=True,
    )


def _on_demand(who: str, at_least: float, aim: float) -> Target:
    return Target(
        metric=f"on demand, time added to the SIP exchange, median: {who}",
        row=service_on_demand.KEY,
        value=_figure(who),
        unit="ms",
        at_least=at_least,
        aim=aim,
    )


_EMBEDDED, _SCALED = "embedded", "PostgreSQL and Redis"
_OVER_HTTP, _IN_THE_STORE = "asked for over HTTP", "entered in the store"
_WHOLE = "sipcheck, a whole verification"

TARGETS = (
    *(_queued(_EMBEDDED, asked, 4.0, 2.0) for asked in (_OVER_HTTP, _IN_THE_STORE)),
    *(
        _queued(f"{_SCALED}, {workers}", asked, 5.0, 2.5)
        for workers in ("1 worker", "2 workers")
        for asked in (_OVER_HTTP, _IN_THE_STORE)
    ),
    *(_a_second(_EMBEDDED, asked, 600.0) for asked in (_OVER_HTTP, _IN_THE_STORE)),
    *(
        _a_second(f"{_SCALED}, {workers}", asked, 500.0)
        for workers in ("1 worker", "2 workers")
        for asked in (_OVER_HTTP, _IN_THE_STORE)
    ),
    _on_demand(f"{_EMBEDDED}, one caller", 9.0, 5.0),
    _on_demand(f"{_SCALED}, one caller", 13.0, 8.0),
    _on_demand(f"{_EMBEDDED}, 10 callers at once", 40.0, 20.0),
    _on_demand(f"{_SCALED}, 10 callers at once", 50.0, 25.0),
    Target(
        metric="health check of a destination of its own, CPU of the worker",
        row=health_sweep_own.KEY,
        value=_sweep(lambda sweep: sweep.worker_microseconds),
        unit="µs",
        at_least=120.0,
        aim=60.0,
    ),
    Target(
        metric="100,000 trunks over 100,000 destinations, all alive",
        row=health_sweep_own.KEY,
        value=_sweep(lambda sweep: sweep.wall_seconds),
        unit="s",
        at_least=15.0,
        aim=8.0,
    ),
    Target(
        metric="a whole verification with its report, engine alone: OPTIONS",
        row=udp_options.KEY,
        value=_figure(f"{_WHOLE} with its report, uvloop"),
        unit="µs",
        at_least=180.0,
        aim=120.0,
    ),
    Target(
        metric="a whole verification with its report, engine alone: with digest",
        row=udp_register.KEY,
        value=_figure(f"{_WHOLE} (OPTIONS too) with its report, uvloop"),
        unit="µs",
        at_least=380.0,
        aim=250.0,
    ),
    Target(
        metric="REGISTER in the batch, CPU against sipp",
        row=udp_register.KEY,
        value=_ratio("sipcheck, fast path, uvloop"),
        unit=_TIMES,
        at_least=1.3,
        aim=1.1,
    ),
    Target(
        metric="new verified TLS connection and OPTIONS, CPU against openssl s_time -new",
        row=tls_connection.KEY,
        value=_ratio("sipcheck, connection and OPTIONS, uvloop"),
        unit=_TIMES,
        at_least=1.25,
        aim=1.1,
    ),
)
