"""The sweep of a million trunks, whose fleet alone takes minutes to enter."""

from benchmarks.conditions import Conditions
from benchmarks.measurement import Measurement
from benchmarks.rows.health_sweep import measure_sizes
from benchmarks.service.sweep import Size

KEY = "health-sweep-million"

SIZES = (Size(trunks=1_000_000, destinations=1_000),)


def measure(conditions: Conditions) -> Measurement:
    """Measure the row. Raises ProgramFailed."""
    return measure_sizes(
        KEY, "The sweep of a million trunks", SIZES, conditions, rounds=conditions.service_rounds
    )
