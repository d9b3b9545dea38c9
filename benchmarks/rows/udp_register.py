"""REGISTER over UDP: a challenge and its answer by digest."""

from collections.abc import Iterator
from functools import partial

from benchmarks.client import Client, CountedClient
from benchmarks.clients.command import command
from benchmarks.clients.loop import Loop
from benchmarks.clients.question import Method
from benchmarks.conditions import Conditions
from benchmarks.measurement import Measurement, Role, Unit
from benchmarks.peers import sipp
from benchmarks.responder import Responder, udp_responder
from benchmarks.rounds import measure_rounds

KEY = "udp-register"


def measure(conditions: Conditions) -> Measurement:
    """Measure the row. Raises ProgramFailed."""
    with udp_responder(conditions.cores) as responder:
        return Measurement(
            row=KEY,
            title="REGISTER with digest over UDP",
            unit=Unit.CPU_MICROSECONDS,
            operation="REGISTER, 401, REGISTER with MD5 and qop=auth, 200",
            series=measure_rounds(KEY, list(_clients(conditions, responder)), conditions.rounds),
            left_out=() if sipp.SIPP.installed else (sipp.SIPP.name,),
        )


def _clients(conditions: Conditions, responder: Responder) -> Iterator[Client]:
    for loop in Loop:
        yield CountedClient(
            name=f"sipcheck, fast path, {loop}",
            role=Role.JUDGED,
            command=partial(command, "window", loop, Method.REGISTER, responder.port),
            operations=conditions.operations(50_000),
            few=2_000,
            requests_each=2,
            take_count=responder.take_count,
        )
    for loop in Loop:
        yield CountedClient(
            name=f"sipcheck, a whole verification (OPTIONS too) with its report, {loop}",
            role=Role.OURS,
            command=partial(command, "verification", loop, "udp", Method.REGISTER, responder.port),
            operations=conditions.operations(2_000),
            few=100,
            requests_each=3,
            take_count=responder.take_count,
        )
    if sipp.SIPP.installed:
        yield CountedClient(
            name=f"sipp, window {sipp.WINDOW}",
            role=Role.REFERENCE,
            command=partial(sipp.command, sipp.REGISTER, responder.port),
            operations=conditions.operations(50_000),
            few=2_000,
            requests_each=2,
            take_count=responder.take_count,
        )
