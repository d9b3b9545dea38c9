"""The middle of several rounds, and how far they lie apart."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.measurement import Series


@dataclass(frozen=True, slots=True)
class Spread:
    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Sum up one or more values."""
        ordered = sorted(values)
        return cls(statistics.median(ordered), ordered[0], ordered[-1])

    @classmethod
    def of_figures(cls, series: Series) -> "Spread":
        return cls.of(sample.figure for sample in series.samples)

    @classmethod
    def of_ratios(cls, series: Series, reference: Series) -> "Spread":
        """Divide round by round, so that what slowed both down in a round changes nothing."""
        pairs = zip(series.samples, reference.samples, strict=True)
        return cls.of(own.figure / other.figure for own, other in pairs)
