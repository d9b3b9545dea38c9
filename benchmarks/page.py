"""docs/performance.md, made from the kept figures: `python -m benchmarks.page`."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks.expectation import EXPECTATIONS, LATER, Expectation
from benchmarks.line import between, judged_on, table, verdict
from benchmarks.machine import Machine
from benchmarks.measurement import Measurement, Role
from benchmarks.planning import PLANNING, planning
from benchmarks.results import Results, SideBySide, read_results, read_side_by_side
from benchmarks.rows import health_sweep, service_on_demand, service_verifications
from benchmarks.rows.health_sweep import ALL_ALIVE
from benchmarks.sweep_section import HOW_SWEEPS, SWEEP_PLOT, sweep_plot, sweep_table
from benchmarks.sweeps import all_sweeps, curve, expected_of_sweeps, sweeps_of
from benchmarks.targets import FORMER, SHARES_HEADING, TARGETS_HEADING, shares_table, targets_table

_NOT_YET = "not measured yet"
_SERVICE_ROWS = {service_on_demand.KEY, service_verifications.KEY}

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"

_HOW = """\
`make bench` measures all of this, prints the tables, keeps every sample in `benchmarks/results/latest.json` and
makes this page from it (`python -m benchmarks.page` makes the page alone). It takes about five minutes and wants
an otherwise idle Linux machine with two cores. `python -m benchmarks --quick` only shows that everything runs, and
`--only ROW` measures one row; neither keeps anything. Debian's sip-tester, sipsak and openssl are installed where
they are missing, and SIPVicious goes into `.venv-bench/`, apart from the project's own environment.

How it is measured:

- Clients run on one core, and what answers them on the other. Only the client's CPU time is counted, user and
  system, for the whole process and its children.
- The clients of a row take turns: each round measures every one of them, and begins with another. A figure is the
  median of the rounds, beside it the lowest and the highest. A ratio divides round by round; its median is what is
  judged.
- Each program runs twice a round, with few and with many operations, and the difference is divided: starting
  Python or sipp is no part of an operation. What it takes has a column of its own, and so has the figure with its
  share of it. Two are measured otherwise: sipsak, of which a process a probe is the point, and `openssl s_time`,
  which runs for three seconds and has hardly any start.
- The UDP responder reads and sends in batches, so that no client waits for it, and gives no nonce twice, so that none
  answers from memory. It counts what comes: "sent again" are the datagrams beyond those needed, over all rounds. A
  client whose requests did not all come is an error, as is any answer to us but a 200.
- sipp gets the receive buffer of 4 MB that sipcheck asks for itself; with its own default it retransmits, and costs
  more. svmap runs without the pause it makes between probes.
- Memory is resident memory: what the process takes with so many probes in flight, or connections open, less what
  it took before, divided by their number. 1 KB is 1,000 bytes. Each probe has a request prepared for it alone, as
  for so many different destinations.
- asyncio is the loop of the command line, uvloop that of the service."""

_HOW_SERVICE = """\
How the service is measured, which takes about eight minutes more:

- Its processes are those that an operator starts, on both cores, on SQLite and in the process, or on a PostgreSQL and
  a Redis of the benchmark's own, both as they come: a commit of PostgreSQL's reaches the disk. Each sample starts
  them anew and warms them up. The callers, who keep their connections, and the carrier share the cores with them.
- All trunks have credentials, each of a user of its own; they are spread over 100 destinations, and all answered by
  the UDP responder at one address, so pacing is off. No health check and no proof falls into a measurement.
- CPU time is that of all the service's processes, servers included, from the first call to the last verdict; the
  rate is from there to when the last run was recorded. "Entered in the store" are runs that are queued in one
  statement before the first message is sent: nothing of HTTP is in them.
- What a verification on demand adds is the caller's whole wait less the duration in the run's report: the median of
  each round's calls, beside it what 95 of 100 stay below, and the median of the whole wait."""


def page(results: Results, former: Results, side_by_side: SideBySide | None = None) -> str:
    """Make the page from a run, from one that is told beside it, and from what was measured of both codes in turn."""
    parts = [
        "# Speed and memory",
        "<!-- Made by `python -m benchmarks.page` from benchmarks/results/latest.json: edit neither. -->",
        "What a probe costs, next to the programs that others send probes with, and whether it costs as little as "
        "is expected.",
        "## What is expected",
        _table(("metric", "measured", "at least", "aim"), _expected(results)),
        *(_product(results, former) if results.measured_on > former.measured_on else ()),
        *(() if side_by_side is None else _side_by_side(side_by_side, former)),
        *(part for measurement in results.measurements for part in _section(measurement)),
        "## How to measure it again",
        _HOW,
        *((HOW_SWEEPS,) if all_sweeps(results) else ()),
        *((_HOW_SERVICE,) if _SERVICE_ROWS & {each.row for each in results.measurements} else ()),
        "## The machine",
        _machine(results),
    ]
    return "\n\n".join(parts) + "\n"


def _product(results: Results, former: Results) -> Iterator[str]:
    yield "## What the product gets"
    yield (
        "The figures above are of the fast path, which sweeps take. This is what the service and a whole verification "
        f"cost, and what they cost on {former.measured_on}, before the queue was rebuilt. "
        "A row that was measured by itself says beside its own table when, and on what a machine."
    )
    yield _table(TARGETS_HEADING, targets_table(results, former))


def _side_by_side(side_by_side: SideBySide, former: Results) -> Iterator[str]:
    now = side_by_side.now
    yield "## Beside the former code"
    yield (
        "A figure in milliseconds is one of its machine, and machines of one name differ by a factor of three. So the "
        f"code of {former.measured_on} was measured once more, in turn with that of {now.measured_on}, on "
        f"{now.machine.cpu} with {now.machine.cores} cores, each by its own benchmark: `python -m benchmarks.former`. "
        f"What is wanted is the share that the limit above is of the figure of {former.measured_on}."
    )
    yield _table(SHARES_HEADING, shares_table(side_by_side, former))


def _expected(results: Results) -> Iterator[Sequence[str]]:
    measured = {measurement.row: measurement for measurement in results.measurements}
    for expectation in EXPECTATIONS:
        if expectation.row in measured:
            yield from _judged(expectation, measured[expectation.row])
    told = list(expected_of_sweeps(all_sweeps(results)))
    yield from told
    for later in LATER:
        if not any(metric.startswith(later.metric) for metric, *_ in told):
            yield later.metric, _NOT_YET, later.at_least, later.aim
    for expectation in EXPECTATIONS:
        if expectation.row not in measured:
            limits = (expectation.at_least, expectation.aim)
            yield expectation.metric, _NOT_YET, *(f"{limit:g} {expectation.measure}" for limit in limits)


def _judged(expectation: Expectation, measurement: Measurement) -> Iterator[Sequence[str]]:
    measure = expectation.measure
    for series in measurement.series:
        if series.role is not Role.JUDGED:
            continue
        spread = judged_on(series, measurement, expectation)
        shown = "no peer" if spread is None else f"{spread.median:.2f} {measure} ({between(spread, 2)})"
        yield (
            f"{expectation.metric}: {series.name.removeprefix('sipcheck, ')}",
            shown,
            verdict(spread, expectation.at_least, measure),
            verdict(spread, expectation.aim, measure),
        )


def _section(measurement: Measurement) -> Iterator[str]:
    yield f"## {measurement.title}"
    yield f"One operation: {measurement.operation}. `python -m benchmarks --only {measurement.row}`"
    sweeps = sweeps_of(measurement)
    yield _table(*(sweep_table(sweeps) if sweeps else table(measurement)))
    if measurement.row == health_sweep.KEY and len(curve(sweeps, ALL_ALIVE)) > 1:
        yield f"![CPU time a trunk in a cycle]({SWEEP_PLOT.name})"
    if measurement.remark is not None:
        yield measurement.remark
    if measurement.left_out:
        yield f"Not installed, and left out: {', '.join(measurement.left_out)}."


def _machine(results: Results) -> str:
    machine: Machine = results.machine
    peers = ", ".join(f"{name} {version}" for name, version in machine.peers.items())
    pinned = (
        "one for the client, one for the responder" if machine.pinned else "client and responder share one"
    )
    return (
        f"Measured on {results.measured_on}: {machine.cpu}, {machine.cores} cores ({pinned}), {machine.kernel}, "
        f"{machine.python} with OpenSSL {machine.python_openssl}, uvloop {machine.uvloop}. "
        f"The UDP responder is in {machine.udp_responder}. Peers: {peers}."
    )


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rules = ["---", *("---:" for _ in heading[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heading, rules, *rows))


def main() -> None:
    results = read_results()
    PAGE.write_text(page(results, read_results(FORMER), read_side_by_side()), encoding="utf-8")
    PLANNING.write_text(planning(results), encoding="utf-8")
    if len(curve(all_sweeps(results), ALL_ALIVE)) > 1:
        SWEEP_PLOT.write_text(sweep_plot(all_sweeps(results)), encoding="utf-8")


if __name__ == "__main__":
    main()
