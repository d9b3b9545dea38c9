"""What probes and the service cost, others side by side where there are any: `make bench`.

A whole run prints a table a row, keeps the figures as JSON and makes docs/performance.md from them.
"""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks import page
from benchmarks.catalogue import ONLY_WITH_ALL, ROWS
from benchmarks.conditions import Conditions
from benchmarks.cores import Cores
from benchmarks.cost import ProgramFailed
from benchmarks.machine import Machine
from benchmarks.results import LATEST, Results
from benchmarks.terminal import show


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="show that everything runs; keep nothing")
    parser.add_argument(
        "--only",
        action="append",
        choices=tuple(ROWS),
        metavar="ROW",
        help=f"measure this row alone, and keep nothing; may be repeated: {', '.join(ROWS)}",
    )
    parser.add_argument("--all", action="store_true", help=f"measure {', '.join(sorted(ONLY_WITH_ALL))} too")
    parser.add_argument("--results", type=Path, metavar="FILE", help="keep the figures there instead")
    arguments = parser.parse_args()
    cores = Cores.assign()
    conditions = Conditions(cores=cores, quick=arguments.quick)
    console = Console(width=None if sys.stdout.isatty() else 200)
    measurements = []
    try:
        for row in arguments.only or [row for row in ROWS if arguments.all or row not in ONLY_WITH_ALL]:
            measurements.append(ROWS[row](conditions))
            show(measurements[-1], console)
    except ProgramFailed as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    if arguments.results is None and (arguments.quick or arguments.only):
        return 0
    results = Results(
        measured_on=datetime.now(UTC).date(),
        machine=Machine.read(cores),
        measurements=tuple(measurements),
    )
    if arguments.results is not None:
        results.keep(arguments.results)
        return 0
    results.keep()
    page.main()
    console.print(f"Kept in {LATEST.name}, told in {page.PAGE.name}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
