"""New TLS connections whose certificate is verified."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.client import Client, CountedClient
from benchmarks.clients.command import command
from benchmarks.clients.loop import Loop
from benchmarks.clients.question import Method
from benchmarks.conditions import Conditions
from benchmarks.measurement import Measurement, Role, Unit
from benchmarks.peers import s_time
from benchmarks.responder import ADDRESS, Responder, tls_responder
from benchmarks.rounds import measure_rounds
from sipcheck.carrier.certificates import issue

KEY = "tls-connection"


def measure(conditions: Conditions) -> Measurement:
    """Measure the row. Raises ProgramFailed."""
    with tempfile.TemporaryDirectory() as folder:
        files = issue(Path(folder), ADDRESS, ())
        with tls_responder(conditions.cores, files.certificate_file, files.key_file) as responder:
            clients = list(_clients(conditions, responder, files.ca_file))
            return Measurement(
                row=KEY,
                title="New verified TLS connections",
                unit=Unit.CPU_MICROSECONDS,
                operation="TLS 1.3 with X25519, AES-256-GCM and an ECDSA P-256 certificate below a private CA",
                series=measure_rounds(KEY, clients, conditions.rounds),
                left_out=() if s_time.OPENSSL.installed else (s_time.OPENSSL.name,),
            )


def _clients(conditions: Conditions, responder: Responder, ca_file: Path) -> Iterator[Client]:
    for loop in Loop:
        yield CountedClient(
            name=f"sipcheck, connection and OPTIONS, {loop}",
            role=Role.JUDGED,
            command=_with_ca_file(ca_file, "tls", loop, responder.port),
            operations=conditions.operations(2_000),
            few=64,
        )
    for loop in Loop:
        yield CountedClient(
            name=f"sipcheck, a whole verification with its report, {loop}",
            role=Role.OURS,
            command=_with_ca_file(ca_file, "verification", loop, "tls", Method.OPTIONS, responder.port),
            operations=conditions.operations(1_000),
            few=64,
        )
    if s_time.OPENSSL.installed:
        yield s_time.TimedConnections(
            name="openssl s_time -new, connection alone",
            role=Role.REFERENCE,
            port=responder.port,
            ca_file=ca_file,
            seconds=1 if conditions.quick else 3,
        )
    yield CountedClient(
        name="Python's ssl alone, blocking, connection alone",
        role=Role.PEER,
        command=_with_ca_file(ca_file, "blocking_tls", responder.port),
        operations=conditions.operations(2_000),
        few=64,
    )


def _with_ca_file(ca_file: Path, client: str, *arguments: object) -> Callable[[int], list[str]]:
    return lambda count: command(client, *arguments, count, ca_file)
