"""Memory of UDP probes in flight, asked of a peer that never answers."""

from collections.abc import Iterator

from benchmarks.client import Client, PrintingClient
from benchmarks.clients.command import command
from benchmarks.clients.loop import Loop
from benchmarks.conditions import Conditions
from benchmarks.measurement import Measurement, Role, Unit
from benchmarks.peers import sipp
from benchmarks.responder import silent_port
from benchmarks.rounds import measure_rounds

KEY = "udp-memory"
_COUNTS = (2_000, 10_000)


def measure(conditions: Conditions) -> Measurement:
    """Measure the row. Raises ProgramFailed."""
    with silent_port() as port:
        return Measurement(
            row=KEY,
            title="Memory of a UDP probe in flight",
            unit=Unit.BYTES,
            operation="resident memory that one more unanswered OPTIONS takes",
            series=measure_rounds(KEY, list(_clients(port)), conditions.memory_rounds),
            left_out=() if sipp.SIPP.installed else (sipp.SIPP.name,),
        )


def _clients(port: int) -> Iterator[Client]:
    for loop in Loop:
        for count in _COUNTS:
            yield PrintingClient(
                name=f"sipcheck, fast path, {loop}, {count:,} in flight",
                role=Role.JUDGED,
                command=command("udp_memory", loop, port, count),
            )
    if sipp.SIPP.installed:
        yield sipp.SippInFlight(
            name=f"sipp, {max(_COUNTS):,} in flight", role=Role.PEER, port=port, calls=max(_COUNTS)
        )
