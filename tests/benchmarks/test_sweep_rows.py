"""Sweeps run in miniature, with real processes; what is told of them follows from their figures alone."""

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from datetime import date

import pytest

from benchmarks import __main__ as command
from benchmarks.catalogue import ONLY_WITH_ALL, ROWS
from benchmarks.conditions import Conditions
from benchmarks.cores import Cores
from benchmarks.machine import Machine
from benchmarks.measurement import Measurement, Role, Sample, Series, Unit
from benchmarks.page import page
from benchmarks.planning import PLANNING, planning
from benchmarks.plot import log_log
from benchmarks.results import Results, read_results
from benchmarks.rows import (
    console_pages,
    health_history,
    health_sweep,
    health_sweep_million,
    health_sweep_own,
    sweep_on_demand,
)
from benchmarks.rows.health_sweep import ALL_ALIVE, HALF_SILENT, LOOKED_THROUGH
from benchmarks.service.sweep import Size
from benchmarks.sweep_figures import SweepFigures
from benchmarks.sweep_section import SWEEP_PLOT, sweep_plot
from benchmarks.sweeps import all_sweeps, curve, expected_of_sweeps

CORES = Cores(None, None)
CONDITIONS = Conditions(cores=CORES, quick=True)

MACHINE = Machine(
    cpu="a CPU",
    cores=2,
    pinned=True,
    kernel="Linux 6.1",
    python="CPython 3.11.7",
    uvloop="0.21",
    python_openssl="3.0.1",
    udp_responder="C",
    peers={},
)


def figures(trunks: int, destinations: int, *, cpu_seconds: float, wall_seconds: float) -> SweepFigures:
    return SweepFigures(
        trunks=trunks,
        destinations=destinations,
        wall_seconds=wall_seconds,
        worker_cpu_seconds=cpu_seconds / 2,
        database_cpu_seconds=cpu_seconds / 2,
        wal_bytes=1000 * destinations,
        database_bytes=10_000_000 + 500 * trunks,
        peak_bytes=150_000_000,
        statements=3 * destinations,
        transactions=10,
        rollup_bytes=200.0,
    )


def cycles(
    trunks: int, destinations: int, *, alive: float, fallen: float, wall_seconds: float = 2.0
) -> list[Series]:
    """Give the series of one size, of cycles that took this CPU time."""
    first = figures(trunks, destinations, cpu_seconds=alive, wall_seconds=wall_seconds)
    fall = replace(
        first,
        worker_cpu_seconds=fallen / 2,
        database_cpu_seconds=fallen / 2,
        wal_bytes=2000 * trunks,
        flips=trunks // 2,
        flip_bytes=300.0,
    )
    size = Size(trunks=trunks, destinations=destinations)
    return [
        Series(
            name=f"{size}, {what}",
            role=Role.OURS,
            samples=(Sample(figure=cycle.cpu_seconds / trunks * 1e6, sweep=cycle),),
        )
        for what, cycle in ((ALL_ALIVE, first), (LOOKED_THROUGH, first), (HALF_SILENT, fall))
    ]


def results(*series: Series) -> Results:
    measured = Measurement(
        row=health_sweep.KEY,
        title="Sweeps",
        unit=Unit.CPU_MICROSECONDS,
        operation="a trunk in a cycle",
        series=series,
    )
    return Results(measured_on=date(2026, 1, 2), machine=MACHINE, measurements=(measured,))


WHOLE = results(
    *cycles(1_000, 1_000, alive=0.5, fallen=0.6),
    *cycles(100_000, 1_000, alive=1.0, fallen=6.0, wall_seconds=11.0),
    *cycles(1_000_000, 1_000, alive=5.0, fallen=60.0, wall_seconds=75.0),
)


def test_sweeps_are_measured_with_their_flips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_sweep, "SIZES", (Size(trunks=600, destinations=100, silence_seconds=1.0),))
    measured = health_sweep.measure(CONDITIONS)
    alive, looked, fallen = measured.series
    assert [series.name for series in measured.series] == [
        f"30 trunks over 5 destinations, {what}" for what in (ALL_ALIVE, LOOKED_THROUGH, HALF_SILENT)
    ]
    (first,), (fall,) = (sample_figures(series) for series in (alive, fallen))
    assert (first.trunks, first.destinations, first.flips) == (30, 5, 0)
    assert first.statements is not None
    assert first.statements >= first.destinations
    assert first.transactions
    assert first.rollup_bytes
    # carrier0, 2 and 4 of 5, with six trunks each.
    assert fall.flips == 18
    assert fall.flip_bytes
    assert fall.wall_seconds >= 1.0
    assert all(each.wal_bytes > 0 and each.peak_bytes > 0 for each in (first, fall, *sample_figures(looked)))


def test_verification_during_a_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    # A hundred, as it is a quick run.
    monkeypatch.setattr(sweep_on_demand, "_TRUNKS", 2_000)
    measured = sweep_on_demand.measure(CONDITIONS)
    assert [series.role for series in measured.series] == [Role.OURS, Role.JUDGED]
    for series in measured.series:
        (sample,) = series.samples
        assert sample.whole is not None
        assert 0 < sample.figure < sample.whole


@pytest.mark.parametrize("row", [health_sweep, sweep_on_demand], ids=lambda module: module.KEY)
def test_without_the_servers_nothing_is_measured(row: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row, "left_out", lambda: ("PostgreSQL",))
    measured = ROWS[row.KEY](CONDITIONS)  # type: ignore[attr-defined]
    assert (measured.series, measured.left_out) == ((), ("PostgreSQL",))


def test_what_takes_long_is_measured_at_wish_alone() -> None:
    long = {console_pages.KEY, health_history.KEY, health_sweep_own.KEY, health_sweep_million.KEY}
    assert long == ONLY_WITH_ALL
    assert set(ROWS) > ONLY_WITH_ALL


@pytest.mark.parametrize(("given", "more"), [(["--quick"], False), (["--quick", "--all"], True)])
def test_the_command_measures_all_only_when_told(
    given: list[str], more: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def noted(row: str) -> Measurement:
        asked.append(row)
        return results(*cycles(10, 5, alive=0.1, fallen=0.2)).measurements[0]

    monkeypatch.setattr(command, "ROWS", {row: lambda _, row=row: noted(row) for row in ROWS})
    monkeypatch.setattr("sys.argv", ["benchmarks", *given])
    # The command pins its own process.
    monkeypatch.setattr(Cores, "assign", classmethod(lambda cls: CORES))
    assert command.main() == 0
    assert asked == [row for row in ROWS if more or row not in ONLY_WITH_ALL]
    assert "Sweeps" in capsys.readouterr().out


def test_the_page_tells_of_sweeps() -> None:
    told = page(WHOLE, WHOLE)
    assert (
        "| 100,000 trunks over 1,000 destinations | half fell silent | 11.0 | 9,091 | 30.0 | 60.0 | 150 | 3,000 "
        "| 10 | 200.0 | 50,000 |"
    ) in told
    assert f"({SWEEP_PLOT.name})" in told
    assert "How sweeps are measured" in told


def test_the_page_tells_nothing_of_sweeps_that_were_not_measured() -> None:
    without = replace(WHOLE, measurements=())
    told = page(without, WHOLE)
    assert SWEEP_PLOT.name not in told
    assert "How sweeps are measured" not in told
    assert "during a sweep, time added to the SIP exchange itself, median | not measured yet" in told
    assert (
        "| 100,000 trunks swept a minute with PostgreSQL and Redis on 2 cores, flips stored | not measured"
        in told
    )


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(59.0, "yes: reached"), (60.0, "yes: reached"), (61.0, "yes: falls short")]
)
def test_a_hundred_thousand_a_minute_are_judged_with_flips(seconds: float, verdict: str) -> None:
    run = results(*cycles(100_000, 1_000, alive=1.0, fallen=6.0, wall_seconds=seconds))
    (told,) = expected_of_sweeps(all_sweeps(run))
    assert told[1] == f"100,000 in {seconds:.1f} s with 50,000 flips"
    assert told[2] == verdict
    assert told[3] == "1,000,000 trunks over 1,000 destinations: not measured"


@pytest.mark.parametrize(
    ("million", "flat", "falling"),
    [(5.0, "reached", "reached"), (600.0, "reached", "falls short"), (800.0, "falls short", "falls short")],
)
def test_the_cost_of_a_trunk_is_judged_against_the_smallest_sweep(
    million: float, flat: str, falling: str
) -> None:
    run = results(
        *cycles(1_000, 1_000, alive=0.5, fallen=0.6), *cycles(1_000_000, 1_000, alive=million, fallen=million)
    )
    told = next(iter(expected_of_sweeps(all_sweeps(run))))
    assert told[2:] == (f"flat within 1.5 ×: {flat}", f"falling with shared destinations: {falling}")


def test_a_curve_that_ends_early_is_not_called_flat() -> None:
    run = results(*cycles(1_000, 1_000, alive=0.5, fallen=0.6), *cycles(10_000, 1_000, alive=0.5, fallen=0.6))
    told = next(iter(expected_of_sweeps(all_sweeps(run))))
    assert told[2:] == ("flat within 1.5 ×: not measured", "falling with shared destinations: not measured")


def test_the_plan_is_computed_from_the_sweeps() -> None:
    told = planning(WHOLE)
    # 0.25 s of a worker's CPU, and as much of PostgreSQL's, over 1,000 destinations.
    assert "| a check of a destination | 250 | 250 | 1,000 |" in told
    # 2.25 s more of PostgreSQL's for 999,000 trunks more.
    assert "| a trunk looked at in a check |  | 2.25 |  |" in told
    # (60 - 5) s for 500,000 flips, half of it each part's.
    assert "| a flip of a trunk | 55 | 55 | 3,998 |" in told
    # 500 checks a second are fewer than 30 s of CPU would do.
    assert "**A worker**: 30,000 destinations" in told
    assert "not measured" not in told


def test_a_plan_without_sweeps_says_what_it_lacks() -> None:
    told = planning(replace(WHOLE, measurements=()))
    assert "The kept figures have no sweeps yet" in told
    assert "|" not in told


def test_the_plan_is_made_from_the_kept_figures() -> None:
    """After a change of either: `python -m benchmarks.page`."""
    assert PLANNING.read_text(encoding="utf-8") == planning(read_results())


def test_the_plot_is_made_from_the_kept_figures() -> None:
    """After a change of either: `python -m benchmarks.page`."""
    sweeps = all_sweeps(read_results())
    if len(curve(sweeps, ALL_ALIVE)) < 2:
        assert not SWEEP_PLOT.exists()
    else:
        assert SWEEP_PLOT.read_text(encoding="utf-8") == sweep_plot(sweeps)


def test_a_plot_has_a_line_for_each_name_and_a_dot_for_each_point() -> None:
    drawn = ElementTree.fromstring(  # noqa: S314 - it is our own
        log_log("A <title>", "trunks", "µs", {"one": [(10, 1), (1000, 100)], "two & three": [(10, 5)]})
    )
    space = "{http://www.w3.org/2000/svg}"
    lines = [line.get("points", "").split() for line in drawn.iter(f"{space}polyline")]
    assert [len(line) for line in lines] == [2, 1]
    assert len(list(drawn.iter(f"{space}circle"))) == 3
    words = [text.text for text in drawn.iter(f"{space}text")]
    assert {"A <title>", "trunks", "µs", "one", "two & three", "10", "100", "1,000"} <= set(words)
    (low_x, low_y), (high_x, high_y) = ([float(part) for part in point.split(",")] for point in lines[0])
    assert low_x < high_x
    assert low_y > high_y


@pytest.mark.parametrize("lines", [{}, {"one": []}, {"one": [(0, 1)]}, {"one": [(1, 0)]}])
def test_a_plot_needs_points_that_a_logarithm_has(lines: dict[str, list[tuple[float, float]]]) -> None:
    with pytest.raises(ValueError, match="points, and values above 0"):
        log_log("Title", "x", "y", lines)


def sample_figures(series: Series) -> list[SweepFigures]:
    return [sample.sweep for sample in series.samples if sample.sweep is not None]
