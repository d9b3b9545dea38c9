"""docs/planning.md, computed from the kept sweeps: what a core carries, and what more than one machine takes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.results import Results
from benchmarks.rows.health_sweep import ALL_ALIVE, HALF_SILENT
from benchmarks.sweeps import Sweep, all_sweeps, curve

PLANNING = Path(__file__).parents[1] / "docs" / "planning.md"

_INTERVAL_SECONDS = 60
_CYCLES_A_DAY = 24 * 60 * 60 // _INTERVAL_SECONDS
_HOURS_A_DAY = 24
# Of a core, for sweeps; the rest is for verifications, proofs and what nobody planned.
_SHARE = 0.5
_MEGABYTE, _GIGABYTE = 1e6, 1e9
_EXAMPLES = ((100_000, 1_000), (1_000_000, 1_000), (1_000_000, 100_000), (10_000_000, 100_000))

_ONLY_SWEEPS = "`python -m benchmarks --all`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """CPU in microseconds. A check is one destination's in one cycle; a flip is beside it."""

    check_worker: float
    check_database: float
    trunk_database: float
    flip_worker: float
    flip_database: float
    checks_a_second: float
    wal_bytes_a_check: float
    wal_bytes_a_flip: float
    rollup_bytes: float
    flip_bytes: float
    trunk_bytes: float
    peak_bytes: int

    @classmethod
    def of(cls, sweeps: Sequence[Sweep]) -> "Costs | None":
        """Compute them from a curve of at least two sizes; None without."""
        alive, fallen = curve(sweeps, ALL_ALIVE), curve(sweeps, HALF_SILENT)
        if len(alive) < 2 or len(fallen) < 2:
            return None
        few, many, fall = alive[0], alive[-1], fallen[-1]
        # The sweep with the most destinations tells a check's cost best.
        checks = max((each for each in sweeps if each.cycle == ALL_ALIVE), key=lambda each: each.destinations)
        flips = fall.samples[0].flips
        first = checks.samples[0]
        return cls(
            check_worker=checks.worker_microseconds * checks.trunks / checks.destinations,
            check_database=_database(checks) / checks.destinations,
            trunk_database=max(0.0, (_database(many) - _database(few)) / (many.trunks - few.trunks)),
            flip_worker=max(0.0, (_worker(fall) - _worker(many)) / flips),
            flip_database=max(0.0, (_database(fall) - _database(many)) / flips),
            checks_a_second=checks.destinations / checks.wall_seconds,
            wal_bytes_a_check=checks.wal_bytes / checks.destinations,
            wal_bytes_a_flip=max(0.0, (fall.wal_bytes - many.wal_bytes) / flips),
            rollup_bytes=first.rollup_bytes or 0.0,
            flip_bytes=fall.samples[0].flip_bytes or 0.0,
            trunk_bytes=(many.samples[0].database_bytes - few.samples[0].database_bytes)
            / (many.trunks - few.trunks),
            peak_bytes=max(sample.peak_bytes for sweep in sweeps for sample in sweep.samples),
        )

    def database_seconds(self, trunks: int, destinations: int) -> float:
        """CPU of PostgreSQL in a cycle in which nothing flips."""
        return (destinations * self.check_database + trunks * self.trunk_database) / 1e6

    @property
    def checks_a_worker(self) -> float:
        """In one interval: bounded by a core's share, and by how fast one worker went."""
        by_core = _SHARE * _INTERVAL_SECONDS / self.check_worker * 1e6
        return min(by_core, self.checks_a_second * _INTERVAL_SECONDS)


def planning(results: Results) -> str:
    """Make the page; it tells where a run lacks the sweeps that it needs."""
    costs = Costs.of(all_sweeps(results))
    parts = [
        "# Planning past one machine",
        "<!-- Made by `python -m benchmarks.page` from benchmarks/results/latest.json: edit neither. -->",
        "A cycle of health checks costs what its destinations cost: a trunk that shares one is hardly more than a row "
        "to be looked at, until it flips. So count destinations first, then trunks.",
        *(_NOT_MEASURED if costs is None else _measured(costs)),
        *_ADVICE,
    ]
    return "\n\n".join(parts) + "\n"


_NOT_MEASURED = (
    f"The kept figures have no sweeps yet: {_ONLY_SWEEPS} measures them, and this page then says how many trunks and "
    "destinations a core carries.",
)

_ADVICE = (
    "## What to add, and when",
    """\
- **More destinations than a worker carries**: start another `trunkd worker`, on any machine that reaches PostgreSQL
  and Redis. Each takes what is due and nobody has; nothing is divided by hand. One worker uses little more than one
  core: on a machine of N cores start up to N.
- **More trunks than PostgreSQL carries**: it is the one part that does not multiply. Give it cores and a disk whose
  commits are quick, before all others. A longer `TRUNKS_HEALTH_INTERVAL_SECONDS` halves the load when it is doubled.
- **The API** is not part of a sweep: start as many `trunkd api` as there are callers for.
- **Carriers set the pace, not processors**: with `TRUNKS_ADDRESS_RATE` at its default of 4 a second, one address is
  asked 240 times in a minute, however many workers there are. Destinations that share an address beyond that are
  checked later than their interval.
- **When a carrier falls** all its trunks flip at once. The cost of a flip is above; plan for the largest carrier, not
  for the mean.
- **Memory** of a worker follows what is in flight, 1,000 checks, and not the number of trunks.""",
)


def _measured(costs: Costs) -> tuple[str, ...]:
    return (
        "The figures are from [performance.md](performance.md), on the machine named there; those that are not in its "
        "tables are computed from them, as is said beside each. Measure your own machine before you order one.",
        "## What one costs",
        _table(("", "worker, CPU µs", "PostgreSQL, CPU µs", "written ahead, bytes"), _costs(costs)),
        "A check is a cycle of the sweep with the most destinations, divided by these. A trunk looked at is the "
        "difference between the largest and the smallest sweep over as many destinations, divided by that of their "
        "trunks. A flip is what the largest cycle in which half fell silent took more than the one in which all was "
        "alive, divided by the flips.",
        "## What a core carries",
        _carries(costs),
        f"## Examples, at an interval of {_INTERVAL_SECONDS} s",
        _table(_EXAMPLE_HEADING, [_example(costs, *size) for size in _EXAMPLES]),
        "Workers are rounded up; PostgreSQL's cores are its mean load, without flips, checkpoints and vacuum. The day "
        "on disk is that of the hourly counts of each destination, which are kept, weighed with the dead rows of a few "
        "cycles among them; what is written ahead is reused, or archived where you do that.",
    )


_EXAMPLE_HEADING = (
    *("trunks", "destinations", "workers", "PostgreSQL, cores", "trunks on disk, GB"),
    *("grows a day, MB", "written ahead a day, GB", "flipping half, s of PostgreSQL"),
)


def _costs(costs: Costs) -> list[tuple[str, ...]]:
    return [
        (
            "a check of a destination",
            f"{costs.check_worker:.0f}",
            f"{costs.check_database:.0f}",
            f"{costs.wal_bytes_a_check:,.0f}",
        ),
        ("a trunk looked at in a check", "", f"{costs.trunk_database:.2f}", ""),
        (
            "a flip of a trunk",
            f"{costs.flip_worker:.0f}",
            f"{costs.flip_database:.0f}",
            f"{costs.wal_bytes_a_flip:,.0f}",
        ),
    ]


def _carries(costs: Costs) -> str:
    seconds = _SHARE * _INTERVAL_SECONDS
    return f"""\
With {_SHARE:.0%} of a core left to sweeps, and every destination asked each {_INTERVAL_SECONDS} s:

- **A worker**: {_rounded(costs.checks_a_worker)} destinations, whatever the number of their trunks. It is the smaller \
of two bounds: {seconds:g} s of CPU over {costs.check_worker:.0f} µs a check, and the \
{costs.checks_a_second:,.0f} checks a second that one worker was seen to do. Its memory peaked at \
{costs.peak_bytes / _MEGABYTE:.0f} MB.
- **A core of PostgreSQL**: {_rounded(seconds / costs.check_database * 1e6)} destinations with a trunk each, or \
{_shared_trunks(costs)}.
- **Disk**: {costs.trunk_bytes:,.0f} bytes a trunk, once; {costs.rollup_bytes * _HOURS_A_DAY:,.0f} bytes a destination \
and day for its hourly counts; {costs.flip_bytes:,.0f} bytes a flip."""


def _shared_trunks(costs: Costs) -> str:
    if not costs.trunk_database:
        return "more trunks that share 1,000 of them than were measured"
    left = _SHARE * _INTERVAL_SECONDS - costs.database_seconds(0, 1_000)
    return f"{_rounded(left / costs.trunk_database * 1e6)} trunks that share 1,000 of them"


def _example(costs: Costs, trunks: int, destinations: int) -> tuple[str, ...]:
    flips_seconds = trunks / 2 * costs.flip_database / 1e6
    return (
        f"{trunks:,}",
        f"{destinations:,}",
        f"{max(1, math.ceil(destinations / costs.checks_a_worker))}",
        f"{costs.database_seconds(trunks, destinations) / _INTERVAL_SECONDS:.2f}",
        f"{trunks * costs.trunk_bytes / _GIGABYTE:.1f}",
        f"{destinations * _HOURS_A_DAY * costs.rollup_bytes / _MEGABYTE:,.0f}",
        f"{destinations * _CYCLES_A_DAY * costs.wal_bytes_a_check / _GIGABYTE:,.1f}",
        f"{flips_seconds:,.0f}",
    )


def _worker(sweep: Sweep) -> float:
    """CPU microseconds of the worker in a cycle."""
    return sweep.worker_microseconds * sweep.trunks


def _database(sweep: Sweep) -> float:
    """CPU microseconds of PostgreSQL in a cycle."""
    return sweep.microseconds * sweep.trunks - _worker(sweep)


def _rounded(value: float) -> str:
    """Two digits that count: more would say more than was measured."""
    digits = 1 - math.floor(math.log10(value))
    return f"{round(value, digits):,.0f}"


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rules = ["---", *("---:" for _ in heading[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heading, rules, *rows))
