"""Memory of verified TLS connections that are held open."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.client import Client, PrintingClient
from benchmarks.clients.command import command
from benchmarks.clients.loop import Loop
from benchmarks.conditions import Conditions
from benchmarks.measurement import Measurement, Role, Unit
from benchmarks.responder import ADDRESS, Responder, tls_responder
from benchmarks.rounds import measure_rounds
from sipcheck.carrier.certificates import issue

KEY = "tls-memory"
_COUNTS = (500, 1_000)


def measure(conditions: Conditions) -> Measurement:
    """Measure the row. Raises ProgramFailed."""
    with tempfile.TemporaryDirectory() as folder:
        files = issue(Path(folder), ADDRESS, ())
        with tls_responder(conditions.cores, files.certificate_file, files.key_file) as responder:
            return Measurement(
                row=KEY,
                title="Memory of a TLS connection",
                unit=Unit.BYTES,
                operation="resident memory that one more open, verified connection takes",
                series=measure_rounds(
                    KEY, list(_clients(responder, files.ca_file)), conditions.memory_rounds
                ),
            )


def _clients(responder: Responder, ca_file: Path) -> Iterator[Client]:
    for loop in Loop:
        for count in _COUNTS:
            yield PrintingClient(
                name=f"sipcheck, {loop}, {count:,} open",
                role=Role.JUDGED,
                command=command("tls_memory", loop, responder.port, count, ca_file),
            )
