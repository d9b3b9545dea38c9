"""The code from before the queue was rebuilt, measured in turn with today's: `python -m benchmarks.former`.

A figure in milliseconds is one of its machine. What today's code costs beside the former one, both measured on one
machine in the same hour, is not.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import page
from benchmarks.cores import Cores
from benchmarks.machine import Machine
from benchmarks.measurement import Measurement, Sample
from benchmarks.results import Results, SideBySide, read_results
from benchmarks.targets import TARGETS
from benchmarks.workshop import WORKSHOP

# The last one before; it measures the same rows, and keeps its figures in the same form. On a Python older than 3.11.5
# it reads no answer: what its regular expressions rely on is wrong there (python/cpython#106052).
COMMIT = "04b4c7cf06b00901cf16e03020b9f06145605cd5"

_NEEDS = (3, 11, 5)
_HERE = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Code:
    """A checkout, and the Python that has what it needs."""

    folder: Path
    python: Path

    def measure(self, row: str) -> Results:
        """Measure one row of its own. Raises CalledProcessError."""
        with tempfile.TemporaryDirectory() as kept:
            file = Path(kept) / "results.json"
            command = [str(self.python), "-m", "benchmarks", "--only", row, "--results", str(file)]
            subprocess.run(command, cwd=self.folder, check=True)
            return read_results(file)


def install() -> Code:
    """Lay out the former code, and install what it needs. Raises CalledProcessError, also where git has no history."""
    folder = WORKSHOP / "former"
    # Anew each time: what is there may have been installed for another Python.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    archive = subprocess.run(["git", "archive", COMMIT], cwd=_HERE, check=True, capture_output=True)
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    subprocess.run(["make", "install", f"PYTHON={sys.executable}", "VENV=.venv"], cwd=folder, check=True)
    return Code(folder, folder / ".venv" / "bin" / "python")


def measure(former: Code, now: Code, rows: Sequence[str], passes: int) -> SideBySide:
    """Measure each row with both codes, so many times, each time in the other order. Raises CalledProcessError."""
    sides: dict[Code, list[Measurement]] = {former: [], now: []}
    for row in rows:
        for turn in range(passes):
            for code in (former, now) if turn % 2 == 0 else (now, former):
                sides[code] += code.measure(row).measurements
    machine, today = Machine.read(Cores.assign()), datetime.now(UTC).date()
    return SideBySide(
        former=Results(measured_on=today, machine=machine, measurements=tuple(joined(sides[former]))),
        now=Results(measured_on=today, machine=machine, measurements=tuple(joined(sides[now]))),
    )


def joined(measurements: Sequence[Measurement]) -> Iterator[Measurement]:
    """Put the samples of a row's passes together."""
    for row in dict.fromkeys(each.row for each in measurements):
        passes = [each for each in measurements if each.row == row]
        samples: dict[str, list[Sample]] = {}
        for series in (series for each in passes for series in each.series):
            samples.setdefault(series.name, []).extend(series.samples)
        yield replace(
            passes[0],
            series=tuple(replace(each, samples=tuple(samples[each.name])) for each in passes[0].series),
        )


def main() -> int:
    rows = tuple(dict.fromkeys(target.row for target in TARGETS if not target.against_a_peer))
    parser = argparse.ArgumentParser(prog="python -m benchmarks.former", description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=rows, metavar="ROW", help=f"may be repeated: {', '.join(rows)}"
    )
    parser.add_argument(
        "--passes", type=int, default=1, metavar="N", help="measure each row so many times (1)"
    )
    arguments = parser.parse_args()
    if sys.version_info < _NEEDS:
        needed, found = (".".join(map(str, each)) for each in (_NEEDS, sys.version_info[:3]))
        sys.stderr.write(
            f"The former code reads no answer on Python {found}; it needs {needed} or newer: rm -r .venv, then "
            "make install PYTHON=python3.12, or another.\n"
        )
        return 1
    try:
        today = Code(_HERE, Path(sys.executable))
        side_by_side = measure(install(), today, arguments.only or rows, arguments.passes)
    except subprocess.CalledProcessError as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    side_by_side.keep()
    page.main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
