"""OPTIONS over UDP: what a probe costs, against those who send probes too."""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.client import Client, CountedClient, ProcessEachClient
from benchmarks.clients.command import command
from benchmarks.clients.loop import Loop
from benchmarks.clients.question import Method
from benchmarks.conditions import Conditions
from benchmarks.measurement import Measurement, Role, Unit
from benchmarks.peers import sipp, sipsak, svmap
from benchmarks.responder import Responder, udp_responder
from benchmarks.rounds import measure_rounds

KEY = "udp-options"
_PEERS = (sipp.SIPP, sipsak.SIPSAK, svmap.SVMAP)


def measure(conditions: Conditions) -> Measurement:
    """Measure the row. Raises ProgramFailed."""
    with tempfile.TemporaryDirectory() as folder, udp_responder(conditions.cores) as responder:
        clients = [*_ours(conditions, responder), *_peers(conditions, responder, Path(folder))]
        return Measurement(
            row=KEY,
            title="OPTIONS over UDP",
            unit=Unit.CPU_MICROSECONDS,
            operation="OPTIONS and its 200",
            series=measure_rounds(KEY, clients, conditions.rounds),
            left_out=tuple(peer.name for peer in _PEERS if not peer.installed),
        )


def _ours(conditions: Conditions, responder: Responder) -> Iterator[Client]:
    for loop in Loop:
        yield CountedClient(
            name=f"sipcheck, fast path, {loop}",
            role=Role.JUDGED,
            command=partial(command, "window", loop, Method.OPTIONS, responder.port),
            operations=conditions.operations(200_000),
            few=2_000,
            take_count=responder.take_count,
        )
    for loop in Loop:
        yield CountedClient(
            name=f"sipcheck, a whole verification with its report, {loop}",
            role=Role.OURS,
            command=partial(command, "verification", loop, "udp", Method.OPTIONS, responder.port),
            operations=conditions.operations(3_000),
            few=100,
            take_count=responder.take_count,
        )


def _peers(conditions: Conditions, responder: Responder, folder: Path) -> Iterator[Client]:
    if sipp.SIPP.installed:
        yield CountedClient(
            name=f"sipp, window {sipp.WINDOW}",
            role=Role.REFERENCE,
            command=partial(sipp.command, sipp.OPTIONS, responder.port),
            operations=conditions.operations(200_000),
            few=2_000,
            take_count=responder.take_count,
        )
    if sipsak.SIPSAK.installed:
        yield ProcessEachClient(
            name="sipsak, a process a probe",
            role=Role.PEER,
            command=sipsak.command(responder.port),
            operations=conditions.operations(200),
        )
    if svmap.SVMAP.installed:
        yield CountedClient(
            name="SIPVicious svmap",
            role=Role.PEER,
            command=lambda count: svmap.command(responder.port, count, folder),
            operations=conditions.operations(5_000),
            few=200,
            take_count=responder.take_count,
            expected_codes=svmap.EXPECTED_CODES,
        )
