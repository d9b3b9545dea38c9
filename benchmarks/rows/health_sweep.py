"""Sweeps: one cycle of health checks over all destinations of many trunks, with PostgreSQL, Redis and one worker."""

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.conditions import Conditions
from benchmarks.measurement import Measurement, Role, Sample, Series, Unit
from benchmarks.responder import silent_port, udp_responder
from benchmarks.service.store import left_out
from benchmarks.service.sweep import Size, swept
from benchmarks.sweep_figures import SweepFigures

KEY = "health-sweep"

ALL_ALIVE = "all alive"
LOOKED_THROUGH = "all alive, intervals looked through"
HALF_SILENT = "half fell silent"

_SHARED = 1_000
SIZES = (
    Size(trunks=1_000, destinations=_SHARED),
    Size(trunks=10_000, destinations=_SHARED),
    Size(trunks=100_000, destinations=_SHARED),
)


def measure(conditions: Conditions) -> Measurement:
    """Measure the row. Raises ProgramFailed."""
    return measure_sizes(KEY, "Sweeps of health checks", SIZES, conditions, rounds=conditions.service_rounds)


def measure_sizes(
    row: str, title: str, sizes: Sequence[Size], conditions: Conditions, *, rounds: int
) -> Measurement:
    """Measure sweeps of these sizes, those in which all is alive so many times. Raises ProgramFailed."""
    missing = left_out()
    small = [
        replace(
            size,
            trunks=conditions.operations(size.trunks),
            destinations=conditions.operations(size.destinations),
        )
        for size in sizes
    ]
    return Measurement(
        row=row,
        title=title,
        unit=Unit.CPU_MICROSECONDS,
        operation="a trunk in a cycle over all destinations, the worker's share and PostgreSQL's",
        series=()
        if missing
        else tuple(each for size in small for each in _measure_size(size, conditions, rounds)),
        left_out=missing,
    )


def _measure_size(size: Size, conditions: Conditions, rounds: int) -> Sequence[Series]:
    with (
        udp_responder(conditions.cores) as responder,
        silent_port() as silent,
        swept(size, responder) as fleet,
        fleet.worker(conditions.cores) as worker,
    ):
        alive = [worker.alive_cycle() for _ in range(rounds)]
        looked = worker.looking_cycle()
        statements, transactions = worker.counted_cycle()
        fallen = worker.fall_cycle(silent)
        rollup_bytes, flip_bytes = worker.rollup_bytes(), worker.flip_bytes()
    counted = [
        replace(each, statements=statements, transactions=transactions, rollup_bytes=rollup_bytes)
        for each in alive
    ]
    return (
        _series(size, ALL_ALIVE, counted),
        _series(size, LOOKED_THROUGH, [looked]),
        _series(size, HALF_SILENT, [replace(fallen, flip_bytes=flip_bytes)]),
    )


def _series(size: Size, what: str, cycles: Sequence[SweepFigures]) -> Series:
    samples = tuple(
        Sample(
            figure=cycle.cpu_seconds / cycle.trunks * 1e6,
            per_second=cycle.trunks / cycle.wall_seconds,
            sweep=cycle,
        )
        for cycle in cycles
    )
    return Series(name=f"{size}, {what}", role=Role.OURS, samples=samples)
