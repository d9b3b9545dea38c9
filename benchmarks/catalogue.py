"""All rows, in the order of the page: a further one is a module in `rows` and a line here."""

from collections.abc import Callable, Mapping

from benchmarks.conditions import Conditions
from benchmarks.measurement import Measurement
from benchmarks.rows import tls_connection, tls_memory, udp_memory, udp_options, udp_register

ROWS: Mapping[str, Callable[[Conditions], Measurement]] = {
    module.KEY: module.measure
    for module in (udp_options, udp_register, tls_connection, udp_memory, tls_memory)
}
