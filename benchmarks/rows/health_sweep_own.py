"""The sweep of many trunks that share no destination: what a check costs, and not what it spares."""

from benchmarks.conditions import Conditions
from benchmarks.measurement import Measurement
from benchmarks.rows.health_sweep import measure_sizes
from benchmarks.service.sweep import Size

KEY = "health-sweep-own"

# 1,000 are in flight at once: 50,000 times five seconds of silence would be the whole figure.
SIZES = (Size(trunks=100_000, destinations=100_000, silence_seconds=2.0),)


def measure(conditions: Conditions) -> Measurement:
    """Measure the row. Raises ProgramFailed."""
    return measure_sizes(KEY, "The sweep of trunks that share no destination", SIZES, conditions, rounds=1)
