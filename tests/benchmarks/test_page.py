"""The page on speed is what its kept figures say, and tells of everything that is expected."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from benchmarks.catalogue import ROWS
from benchmarks.expectation import EXPECTATIONS
from benchmarks.former import joined
from benchmarks.machine import Machine
from benchmarks.measurement import Measurement, Role, Sample, Series, Unit
from benchmarks.page import PAGE, page
from benchmarks.results import Results, SideBySide, read_results, read_side_by_side
from benchmarks.rows import service_verifications, sweep_on_demand, udp_options
from benchmarks.targets import FORMER, TARGETS, shares_table, targets_table

MACHINE = Machine(
    cpu="a CPU",
    cores=2,
    pinned=True,
    kernel="Linux 6.1",
    python="CPython 3.11.7",
    uvloop="0.21",
    python_openssl="3.0.1",
    udp_responder="C",
    peers={"sipp": "3.6.1"},
)


def table_rows(text: str, heading: str) -> list[list[str]]:
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def series(name: str, role: Role, *figures: float) -> Series:
    return Series(name=name, role=role, samples=tuple(Sample(figure=figure) for figure in figures))


def results(*measured: Series) -> Results:
    """Give a run with these series in the first row, and one plain series in each of the others."""
    first = Measurement(
        row=udp_options.KEY,
        title="OPTIONS over UDP",
        unit=Unit.CPU_MICROSECONDS,
        operation="OPTIONS",
        series=measured,
    )
    others = (
        Measurement(
            row=row, title=row, unit=Unit.BYTES, operation=row, series=(series("ours", Role.OURS, 1.0),)
        )
        for row in ROWS
        if row != udp_options.KEY
    )
    return Results(measured_on=date(2026, 1, 2), machine=MACHINE, measurements=(first, *others))


def test_it_is_made_from_the_kept_figures() -> None:
    """After a change of either: `python -m benchmarks.page`."""
    made = page(read_results(), read_results(FORMER), read_side_by_side())
    assert PAGE.read_text(encoding="utf-8") == made


def test_every_row_was_measured() -> None:
    measured = [measurement.row for measurement in read_results().measurements]
    assert measured == list(ROWS)


def test_a_row_that_was_measured_otherwise_says_so() -> None:
    run = results(series("sipcheck", Role.JUDGED, 5.0, 6.0))
    first = replace(run.measurements[0], remark="On a busy machine.")
    told = page(replace(run, measurements=(first, *run.measurements[1:])), run)
    assert told.count("\n\nOn a busy machine.\n\n") == 1


def test_a_row_that_was_not_measured_is_told() -> None:
    run = results(series("sipcheck", Role.JUDGED, 5.0, 6.0))
    without = Results(
        measured_on=run.measured_on,
        machine=run.machine,
        measurements=tuple(each for each in run.measurements if each.row != sweep_on_demand.KEY),
    )
    rows = table_rows(page(without, run), "What is expected")
    assert rows[-1][0].startswith("verification on demand during a sweep, time added")
    assert rows[-1][1:] == ["not measured yet", "50 ms", "15 ms"]


@pytest.mark.parametrize(
    ("metric", "at_least", "aim"),
    [
        ("OPTIONS over UDP", "1.5 ×", "1 ×"),
        ("REGISTER with digest", "1.3 ×", "1.1 ×"),
        ("new verified TLS connection and OPTIONS", "1.25 ×", "1.1 ×"),
        ("memory of a UDP probe in flight", "5 KB", "2.4 KB"),
        ("memory of a TLS connection", "100 KB", "55 KB"),
        ("100,000 trunks swept a minute", "yes", "1,000,000 trunks over 1,000 destinations"),
        ("CPU a trunk from 1,000 to 1,000,000 trunks", "flat within 1.5 ×", "falling with shared"),
        ("verification on demand during a sweep, time added", "50 ms", "15 ms"),
    ],
)
def test_it_tells_what_is_expected(metric: str, at_least: str, aim: str) -> None:
    rows = table_rows(PAGE.read_text(encoding="utf-8"), "What is expected")
    told = [row for row in rows if row[0].startswith(metric)]
    assert told
    # A limit that was judged begins with its sign.
    assert all(
        row[2].removeprefix("≤ ").startswith(at_least) and row[3].removeprefix("≤ ").startswith(aim)
        for row in told
    )


def test_every_expectation_is_of_a_row_that_is_measured() -> None:
    assert {expectation.row for expectation in EXPECTATIONS} <= set(ROWS)


def test_every_target_has_its_figure_now_and_formerly() -> None:
    told = list(targets_table(read_results(), read_results(FORMER)))
    assert len(told) == len(TARGETS)
    assert all("not measured" not in cell for row in told for cell in row)


def test_what_the_product_gets_is_told_once_it_was_measured_again() -> None:
    former = results(series("sipcheck", Role.JUDGED, 5.0))
    assert "## What the product gets" not in page(former, former)
    assert "before the queue was rebuilt" in page(replace(former, measured_on=date(2026, 1, 3)), former)


@pytest.mark.parametrize(
    ("cost_ms", "a_second", "verdicts"),
    [
        (4.0, 300.0, ["≤ 4 ms: reached", "≥ 300 a second: reached"]),
        (4.1, 299.0, ["≤ 4 ms: falls short", "≥ 300 a second: falls short"]),
    ],
)
def test_a_target_is_held_to_its_side(cost_ms: float, a_second: float, verdicts: list[str]) -> None:
    done = Series(
        name="embedded, asked for over HTTP",
        role=Role.OURS,
        samples=(Sample(figure=cost_ms, per_second=a_second),),
    )
    measured = Measurement(
        row=service_verifications.KEY, title="", unit=Unit.CPU_MILLISECONDS, operation="", series=(done,)
    )
    run = Results(measured_on=date(2026, 1, 2), machine=MACHINE, measurements=(measured,))
    told = [row[3] for row in targets_table(run, run) if "not measured" not in row[3]]
    assert told == verdicts


def queued(*costs_ms: float) -> Measurement:
    done = Series(
        name="embedded, asked for over HTTP",
        role=Role.OURS,
        samples=tuple(Sample(figure=cost_ms) for cost_ms in costs_ms),
    )
    return Measurement(
        row=service_verifications.KEY, title="", unit=Unit.CPU_MILLISECONDS, operation="", series=(done,)
    )


@pytest.mark.parametrize(("now_ms", "verdict"), [(19.9, "reached"), (20.1, "falls short")])
def test_beside_the_former_code_a_share_is_judged(now_ms: float, verdict: str) -> None:
    """16 ms were to become 4: on a machine that takes five times as long, 80 are to become 20."""
    on_its_day, here, now = (
        Results(measured_on=date(2026, 1, 2), machine=MACHINE, measurements=(queued(cost_ms),))
        for cost_ms in (16.0, 80.0, now_ms)
    )
    side_by_side = SideBySide(former=here, now=now)
    (told,) = shares_table(side_by_side, on_its_day)
    assert told[1:] == (
        "80 ms",
        f"{now_ms} ms",
        f"{now_ms / 80:.3g} ×",
        f"≤ 0.25 ×: {verdict}",
        "≤ 0.12 ×: falls short",
    )
    assert verdict in page(now, on_its_day, side_by_side).partition("## Beside the former code")[2]


def test_the_passes_of_a_row_are_one_measurement() -> None:
    other = results(series("sipcheck", Role.JUDGED, 7.0)).measurements[0]
    (row, again) = joined([queued(1.0, 2.0), other, queued(3.0)])
    assert ([sample.figure for sample in row.series[0].samples], again) == ([1.0, 2.0, 3.0], other)


@pytest.mark.parametrize(
    ("ours", "at_least", "aim"),
    [
        ((8.0, 9.0, 99.0), "≤ 1.5 ×: reached", "≤ 1 ×: reached"),
        ((8.0, 12.0, 99.0), "≤ 1.5 ×: reached", "≤ 1 ×: falls short"),
        ((9.0, 15.1, 99.0), "≤ 1.5 ×: falls short", "≤ 1 ×: falls short"),
    ],
)
def test_the_median_is_judged(ours: tuple[float, ...], at_least: str, aim: str) -> None:
    run = results(
        series("sipcheck", Role.JUDGED, *ours), series("sipp, window 1000", Role.REFERENCE, 10, 10, 10)
    )
    rows = table_rows(page(run, run), "OPTIONS over UDP")
    assert rows[0][-2:] == [at_least, aim]
    assert rows[1][-2:] == ["", ""]


def test_a_ratio_divides_round_by_round() -> None:
    """A machine that was slow for a whole round slows nobody down in comparison."""
    run = results(
        series("sipcheck", Role.JUDGED, 5.0, 50.0, 6.0), series("sipp", Role.REFERENCE, 10.0, 100.0, 10.0)
    )
    assert table_rows(page(run, run), "OPTIONS over UDP")[0][1:4] == ["6.0", "5.0–50.0", "0.50 (0.50–0.60)"]


def test_without_the_peer_nothing_is_judged() -> None:
    run = results(series("sipcheck", Role.JUDGED, 5.0, 6.0))
    row = table_rows(page(run, run), "What is expected")[0]
    assert row[1:] == ["no peer", "≤ 1.5 ×: not measured", "≤ 1 ×: not measured"]


def test_an_added_time_is_judged_by_its_median() -> None:
    waiting = Series(
        name="embedded, one caller",
        role=Role.JUDGED,
        samples=tuple(Sample(figure=added, p95=added + 5, whole=added + 2) for added in (11.0, 14.0, 60.0)),
    )
    measured = Measurement(
        row=sweep_on_demand.KEY,
        title="Verification on demand",
        unit=Unit.MILLISECONDS,
        operation="a call",
        series=(waiting,),
    )
    run = Results(measured_on=date(2026, 1, 2), machine=MACHINE, measurements=(measured,))
    limits = ["≤ 50 ms: reached", "≤ 15 ms: reached"]
    assert table_rows(page(run, run), "Verification on demand") == [
        ["embedded, one caller", "14.0", "11.0–60.0", "19.0", "16.0", *limits]
    ]
    told = [
        row for row in table_rows(page(run, run), "What is expected") if row[1] == "14.00 ms (11.00–60.00)"
    ]
    assert [row[2:] for row in told] == [limits]


def test_kept_figures_are_read_back(tmp_path: Path) -> None:
    run = results(series("sipcheck", Role.JUDGED, 5.0, 6.0))
    run.keep(tmp_path / "kept.json")
    assert read_results(tmp_path / "kept.json") == run
