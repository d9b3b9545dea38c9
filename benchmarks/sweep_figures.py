"""What one cycle of health checks came to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepFigures:
    """One cycle over all destinations, from when they became due to when the last result was written.

    `wal_bytes` is what PostgreSQL wrote ahead, `database_bytes` its size at the cycle's end, `peak_bytes` the most
    that the worker has had resident since its start. `statements` and `transactions` are the worker's, counted in a
    cycle of their own, since counting costs; `rollup_bytes` and `flip_bytes` are what a row of these takes on disk,
    its indexes included.
    """

    trunks: int
    destinations: int
    wall_seconds: float
    worker_cpu_seconds: float
    database_cpu_seconds: float
    wal_bytes: int
    database_bytes: int
    peak_bytes: int
    flips: int = 0
    statements: int | None = None
    transactions: int | None = None
    rollup_bytes: float | None = None
    flip_bytes: float | None = None

    @property
    def cpu_seconds(self) -> float:
        """Of the worker and PostgreSQL."""
        return self.worker_cpu_seconds + self.database_cpu_seconds
