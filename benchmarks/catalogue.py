"""All rows, in the order of the page: a further one is a module in `rows` and a line here."""

from collections.abc import Callable, Mapping

from benchmarks.conditions import Conditions
from benchmarks.measurement import Measurement
from benchmarks.rows import (
    console_pages,
    health_history,
    health_sweep,
    health_sweep_million,
    health_sweep_own,
    service_on_demand,
    service_verifications,
    sweep_on_demand,
    tls_connection,
    tls_memory,
    udp_memory,
    udp_options,
    udp_register,
)

ROWS: Mapping[str, Callable[[Conditions], Measurement]] = {
    module.KEY: module.measure
    for module in (
        udp_options,
        udp_register,
        tls_connection,
        udp_memory,
        tls_memory,
        service_verifications,
        service_on_demand,
        health_sweep,
        health_sweep_own,
        health_sweep_million,
        sweep_on_demand,
        health_history,
        console_pages,
    )
}

# What takes too long for every run.
ONLY_WITH_ALL = frozenset(
    {console_pages.KEY, health_history.KEY, health_sweep_own.KEY, health_sweep_million.KEY}
)
