"""What was measured, as it is kept: every sample, so that the page can be made again and judged anew."""

from dataclasses import dataclass
from enum import StrEnum

from benchmarks.sweep_figures import SweepFigures


class Role(StrEnum):
    """What a series is for."""

    JUDGED = "judged"  # ours, held against what is expected
    OURS = "ours"  # ours, for comparison
    REFERENCE = "reference"  # the peer that the judged ones are held against
    PEER = "peer"


class Unit(StrEnum):
    CPU_MICROSECONDS = "CPU µs"
    CPU_MILLISECONDS = "CPU ms"
    MILLISECONDS = "ms"
    BYTES = "bytes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One figure of one round, in the measurement's unit, for one operation.

    `start_ms` is the CPU time of starting and ending the program: `figure` is without it, `with_start` has its share
    of it in a run of many operations.
    `p95` and `whole` are for figures that are a median: what 95 of 100 stay below, and the median before anything
    was taken off.
    `sent_again` counts the datagrams that came to the responder beyond those needed. `sweep` is all that was seen of a
    cycle of health checks.
    """

    figure: float
    p95: float | None = None
    whole: float | None = None
    start_ms: float | None = None
    with_start: float | None = None
    per_second: float | None = None
    sent_again: int | None = None
    sweep: SweepFigures | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One client's samples, one a round: the same round of two series was measured back to back."""

    name: str
    role: Role
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One row of the benchmark. `left_out` names the peers that are not installed.

    `remark` is said beside its figures, where it was measured otherwise than the rest of its run.
    """

    row: str
    title: str
    unit: Unit
    operation: str
    series: tuple[Series, ...]
    left_out: tuple[str, ...] = ()
    remark: str | None = None

    @property
    def reference(self) -> Series | None:
        return next((series for series in self.series if series.role is Role.REFERENCE), None)
