"""The kept figures of one whole run."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import TypeAdapter

from benchmarks.machine import Machine
from benchmarks.measurement import Measurement

LATEST = Path(__file__).parent / "results" / "latest.json"
SIDE_BY_SIDE = Path(__file__).parent / "results" / "side-by-side.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    measured_on: date
    machine: Machine
    measurements: tuple[Measurement, ...]

    def keep(self, path: Path = LATEST) -> None:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(_RESULTS.dump_json(self, indent=2, exclude_none=True) + b"\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySide:
    """The same rows of the former code and of today's, measured in turn on one machine."""

    former: Results
    now: Results

    def keep(self, path: Path = SIDE_BY_SIDE) -> None:
        path.write_bytes(_SIDE_BY_SIDE.dump_json(self, indent=2, exclude_none=True) + b"\n")


_RESULTS = TypeAdapter(Results)
_SIDE_BY_SIDE = TypeAdapter(SideBySide)


def read_results(path: Path = LATEST) -> Results:
    """Read a kept run. Raises FileNotFoundError, and ValueError for a file of another form."""
    return _RESULTS.validate_json(path.read_bytes())


def read_side_by_side(path: Path = SIDE_BY_SIDE) -> SideBySide:
    """Read what was measured in turn. Raises as `read_results` does."""
    return _SIDE_BY_SIDE.validate_json(path.read_bytes())
