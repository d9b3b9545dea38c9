"""The part of docs/performance.md that tells of sweeps: a table, a plot and how both come about."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.plot import log_log
from benchmarks.rows.health_sweep import ALL_ALIVE, HALF_SILENT
from benchmarks.sweeps import SHARED_DESTINATIONS, Sweep, curve

SWEEP_PLOT = Path(__file__).parents[1] / "docs" / "performance-sweep.svg"

_MEGABYTE = 1e6
_HEADING = (
    *("sweep", "cycle", "seconds", "trunks a second", "worker, CPU µs a trunk", "with PostgreSQL"),
    *("worker's peak, MB", "statements", "transactions", "written ahead, MB", "flips"),
)

HOW_SWEEPS = """\
How sweeps are measured; those of a million trunks, and of trunks that share no destination, only with `--all`:

- One `trunkd worker`, a PostgreSQL and a Redis of the benchmark's own share both cores with the carrier, the UDP
  responder. All destinations are at its address, so pacing is off, and the floor of the intervals is lowered as in a
  laboratory. All trunks are verified, alive, and have credentials; nobody asks for anything meanwhile.
- A cycle lasts from the moment at which all destinations become due to the writing of the last result; the first one
  after the start is not counted. "All alive" is the median of several cycles. Once in ten cycles a worker looks
  through the trunks of a destination for the shortest interval: that is a cycle of its own here.
- "Half fell silent": half of the destinations never answer, a single failed check takes a trunk down, and every one
  of their trunks flips, with a row of its history each. The time that silence takes is in the seconds: 5 s a
  destination, 2 s where trunks share none, and 1,000 destinations at once.
- Statements are those that reach PostgreSQL, counted in its log in a cycle of their own; "written ahead" is its WAL.
  The worker's peak is resident memory since its start.
- What follows for more than one machine is computed from these figures: [planning.md](planning.md)."""


def sweep_table(sweeps: Sequence[Sweep]) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """Give headings and a row for each size and kind of cycle."""
    return _HEADING, [_row(sweep) for sweep in sweeps]


def _row(sweep: Sweep) -> Sequence[str]:
    first = sweep.samples[0]
    return (
        f"{sweep.trunks:,} trunks over {sweep.destinations:,} destinations",
        sweep.cycle,
        f"{sweep.wall_seconds:.1f}",
        f"{sweep.trunks / sweep.wall_seconds:,.0f}",
        f"{sweep.worker_microseconds:.1f}",
        f"{sweep.microseconds:.1f}",
        f"{max(each.peak_bytes for each in sweep.samples) / _MEGABYTE:.0f}",
        "" if first.statements is None else f"{first.statements:,}",
        "" if first.transactions is None else f"{first.transactions:,}",
        f"{sweep.wal_bytes / _MEGABYTE:.1f}",
        f"{median(each.flips for each in sweep.samples):,.0f}",
    )


def sweep_plot(sweeps: Sequence[Sweep]) -> str:
    """Draw the CPU time a trunk over the number of trunks. Raises ValueError without a sweep."""
    lines = {}
    for cycle in (ALL_ALIVE, HALF_SILENT):
        line = curve(sweeps, cycle)
        if line:
            lines[f"{cycle}, with PostgreSQL"] = [(sweep.trunks, sweep.microseconds) for sweep in line]
            lines[f"{cycle}, the worker"] = [(sweep.trunks, sweep.worker_microseconds) for sweep in line]
    title = f"A cycle of health checks over {SHARED_DESTINATIONS:,} destinations"
    return log_log(title, "trunks", "CPU µs a trunk", lines)
