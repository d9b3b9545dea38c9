"""What is told of each series: the same cells on the terminal and on the page."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from benchmarks.expectation import Expectation, Measure, expectation_of
from benchmarks.measurement import Measurement, Role, Series, Unit
from benchmarks.spread import Spread

_BYTES_A_KILOBYTE = 1000
_NOTHING = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Cells as text; empty where there is nothing to tell."""

    client: str
    figure: str
    spread: str
    p95: str
    whole: str
    ratio: str
    at_least: str
    aim: str
    start: str
    with_start: str
    rate: str
    sent_again: str

    @property
    def cells(self) -> tuple[str, ...]:
        return tuple(getattr(self, field.name) for field in fields(self))


def table(measurement: Measurement) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """Give headings and rows, without the columns that tell nothing of anybody."""
    expectation = expectation_of(measurement.row)
    rows = [_line(series, measurement, expectation).cells for series in measurement.series]
    columns = zip(_headings(measurement), *rows, strict=True)
    heading, *told = zip(*(column for column in columns if any(column[1:])), strict=True)
    return heading, told


def judged_on(series: Series, measurement: Measurement, expectation: Expectation) -> Spread | None:
    """Give what a limit is held against; None without the reference that a ratio needs."""
    if expectation.measure is Measure.MILLISECONDS:
        return Spread.of_figures(series)
    if expectation.measure is Measure.KILOBYTES:
        kilobytes = (sample.figure / _BYTES_A_KILOBYTE for sample in series.samples)
        return Spread.of(kilobytes)
    reference = measurement.reference
    return None if reference is None else Spread.of_ratios(series, reference)


def verdict(spread: Spread | None, limit: float, measure: Measure) -> str:
    """Tell a limit, and whether the median keeps to it."""
    shown = f"≤ {limit:g} {measure}"
    if spread is None:
        return f"{shown}: not measured"
    return f"{shown}: {'reached' if spread.median <= limit else 'falls short'}"


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def between(spread: Spread, digits: int | None = None) -> str:
    low, high = (
        number(value) if digits is None else f"{value:.{digits}f}"
        for value in (spread.lowest, spread.highest)
    )
    return f"{low}–{high}"


def _headings(measurement: Measurement) -> tuple[str, ...]:
    """Name the cells of this measurement's lines."""
    unit = "KB" if measurement.unit is Unit.BYTES else measurement.unit
    reference = measurement.reference
    against = reference.name.split(",")[0].removesuffix(" -new") if reference else "peer"
    return (
        *("client", f"{unit} each", "lowest–highest", "95 %", "whole", f"× {against}", "at least", "aim"),
        *("start, CPU ms", "each with start", "a second", "sent again"),
    )


def _line(series: Series, measurement: Measurement, expectation: Expectation | None) -> Line:
    figures = Spread.of_figures(series)
    if measurement.unit is Unit.BYTES:
        figures = Spread.of(sample.figure / _BYTES_A_KILOBYTE for sample in series.samples)
    reference = measurement.reference
    ratio = _NOTHING
    if reference is not None and series is not reference:
        ratios = Spread.of_ratios(series, reference)
        ratio = f"{ratios.median:.2f} ({between(ratios, 2)})"
    at_least = aim = _NOTHING
    if expectation is not None and series.role is Role.JUDGED:
        spread = judged_on(series, measurement, expectation)
        at_least = verdict(spread, expectation.at_least, expectation.measure)
        aim = verdict(spread, expectation.aim, expectation.measure)
    sent_again = [sample.sent_again for sample in series.samples if sample.sent_again is not None]
    return Line(
        client=series.name,
        figure=number(figures.median),
        spread=between(figures),
        p95=_median(sample.p95 for sample in series.samples),
        whole=_median(sample.whole for sample in series.samples),
        ratio=ratio,
        at_least=at_least,
        aim=aim,
        start=_median(sample.start_ms for sample in series.samples),
        with_start=_median(sample.with_start for sample in series.samples),
        rate=_median(sample.per_second for sample in series.samples),
        sent_again=str(sum(sent_again)) if sent_again else _NOTHING,
    )


def _median(values: Iterable[float | None]) -> str:
    known = [value for value in values if value is not None]
    return number(statistics.median(known)) if known else _NOTHING
