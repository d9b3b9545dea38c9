"""The sweeps of a kept run: found by their size, and held against what is expected of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from benchmarks.measurement import Measurement
from benchmarks.results import Results
from benchmarks.rows.health_sweep import ALL_ALIVE, HALF_SILENT, LOOKED_THROUGH
from benchmarks.sweep_figures import SweepFigures

SHARED_DESTINATIONS = 1_000
_WITHIN_SECONDS = 60.0
_FLAT_WITHIN = 1.5
_CYCLES = (LOOKED_THROUGH, ALL_ALIVE, HALF_SILENT)


@dataclass(frozen=True, slots=True)
class Sweep:
    """One size's cycles of one kind: the median ones."""

    cycle: str
    samples: tuple[SweepFigures, ...]

    @property
    def trunks(self) -> int:
        return self.samples[0].trunks

    @property
    def destinations(self) -> int:
        return self.samples[0].destinations

    @property
    def wall_seconds(self) -> float:
        return median(each.wall_seconds for each in self.samples)

    @property
    def worker_microseconds(self) -> float:
        """CPU of the worker a trunk."""
        return median(each.worker_cpu_seconds / each.trunks for each in self.samples) * 1e6

    @property
    def microseconds(self) -> float:
        """CPU of the worker and PostgreSQL a trunk."""
        return median(each.cpu_seconds / each.trunks for each in self.samples) * 1e6

    @property
    def wal_bytes(self) -> float:
        return median(each.wal_bytes for each in self.samples)


def sweeps_of(measurement: Measurement) -> list[Sweep]:
    """Give what a row tells of sweeps; nothing for a row of another kind."""
    found = []
    for series in measurement.series:
        samples = tuple(sample.sweep for sample in series.samples if sample.sweep is not None)
        if samples:
            cycle = next(each for each in _CYCLES if series.name.endswith(each))
            found.append(Sweep(cycle, samples))
    return found


def all_sweeps(results: Results) -> list[Sweep]:
    return [sweep for measurement in results.measurements for sweep in sweeps_of(measurement)]


def find_sweep(sweeps: Sequence[Sweep], cycle: str, trunks: int, destinations: int) -> Sweep | None:
    return next(
        (
            sweep
            for sweep in sweeps
            if (sweep.cycle, sweep.trunks, sweep.destinations) == (cycle, trunks, destinations)
        ),
        None,
    )


def curve(sweeps: Sequence[Sweep], cycle: str) -> list[Sweep]:
    """The sweeps over as many destinations, from few trunks to many."""
    shared = [sweep for sweep in sweeps if sweep.cycle == cycle and sweep.destinations == SHARED_DESTINATIONS]
    return sorted(shared, key=lambda sweep: sweep.trunks)


def expected_of_sweeps(sweeps: Sequence[Sweep]) -> Iterator[tuple[str, str, str, str]]:
    """Give metric, what was measured, and how it keeps to both limits; nothing for what was not measured."""
    yield from _swept_in_a_minute(sweeps)
    yield from _flat(sweeps)


def _swept_in_a_minute(sweeps: Sequence[Sweep]) -> Iterator[tuple[str, str, str, str]]:
    required, aimed = (
        find_sweep(sweeps, HALF_SILENT, trunks, SHARED_DESTINATIONS) for trunks in (100_000, 1_000_000)
    )
    if required is None:
        return
    measured = [
        f"{sweep.trunks:,} in {sweep.wall_seconds:.1f} s with {sweep.samples[0].flips:,} flips"
        for sweep in (required, aimed)
        if sweep is not None
    ]
    yield (
        "100,000 trunks swept a minute with PostgreSQL and Redis on 2 cores, flips stored",
        "; ".join(measured),
        _verdict("yes", required.wall_seconds <= _WITHIN_SECONDS),
        _verdict(
            "1,000,000 trunks over 1,000 destinations",
            None if aimed is None else aimed.wall_seconds <= _WITHIN_SECONDS,
        ),
    )


def _flat(sweeps: Sequence[Sweep]) -> Iterator[tuple[str, str, str, str]]:
    for cycle in (ALL_ALIVE, HALF_SILENT):
        line = curve(sweeps, cycle)
        if len(line) < 2:
            continue
        costs = [sweep.microseconds for sweep in line]
        whole = (line[0].trunks, line[-1].trunks) == (1_000, 1_000_000)
        told = ", ".join(f"{sweep.microseconds:.1f} µs of {sweep.trunks:,}" for sweep in line)
        flat = max(costs[1:]) <= _FLAT_WITHIN * costs[0]
        falling = all(later <= earlier for earlier, later in pairwise(costs))
        yield (
            f"CPU a trunk from 1,000 to 1,000,000 trunks: {cycle}",
            told,
            _verdict("flat within 1.5 ×", flat if whole or not flat else None),
            _verdict("falling with shared destinations", falling if whole or not falling else None),
        )


def _verdict(limit: str, kept: bool | None) -> str:
    if kept is None:
        return f"{limit}: not measured"
    return f"{limit}: {'reached' if kept else 'falls short'}"
