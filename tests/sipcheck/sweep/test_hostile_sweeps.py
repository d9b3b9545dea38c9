"""Sweeps of rows that do what they can to hold one up: each ends, with every row (docs/design/sip.md, "Bounds")."""

import asyncio
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest
import uvloop

from sipcheck import Credentials, Engine, EngineSettings, Guard, Reason, TransportName
from sipcheck.sweep.sweep import Sweep, SweepRow
from sipcheck.target import HostPort, Target
from tests.peers.dns_server import DnsServer
from tests.peers.udp_fleet import GARBAGE, SILENT, udp_fleet

ROWS = 400
# The second octets of a row's two addresses (udp_fleet.STATUS). An edge that sent garbage is waited for just as long as
# one that is silent beside a living one: both ends come in the same moment, and one of them by cancellation.
HOSTILE = ((1, GARBAGE), (GARBAGE, 1), (1, GARBAGE), (1, SILENT), (GARBAGE, SILENT), (2, GARBAGE))
ZONE = "\n".join(
    f"row{number}.hostile.test. A 127.{kind}.{number // 250}.{1 + number % 250}"
    for number in range(1, ROWS + 1)
    for kind in HOSTILE[number % len(HOSTILE)]
)
# Longer than any sweep here takes: the deadline of one row is five seconds.
END_SECONDS = 120


def row(number: int, port: int) -> SweepRow:
    target = Target(f"row{number}.hostile.test", port, TransportName.UDP)
    return SweepRow(number, target, Credentials("user", "secret") if number % 5 == 0 else None)


async def sweep_once(port: int, nameserver: HostPort, faults: list[dict[str, Any]]) -> dict[int, Reason]:
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: faults.append(context))
    guard = Guard(allow_networks=(ip_network("127.0.0.0/8"),))
    settings = EngineSettings(guard=guard, nameservers=(nameserver,))
    async with asyncio.timeout(END_SECONDS), Engine(settings, windowed=True) as engine:
        sweep = Sweep(engine, timeout_seconds=5)
        rows = [row(number, port) for number in range(1, ROWS + 1)]
        return {result.number: result.report.reason async for result in sweep.run(rows)}


# How often in every run, and how often in a long one.
@pytest.mark.parametrize(
    ("loop_factory", "sweeps"),
    [
        pytest.param(asyncio.new_event_loop, 2, id="asyncio"),
        pytest.param(uvloop.new_event_loop, 1, id="uvloop"),
        pytest.param(asyncio.new_event_loop, 200, id="asyncio-long", marks=pytest.mark.long),
        pytest.param(uvloop.new_event_loop, 200, id="uvloop-long", marks=pytest.mark.long),
    ],
)
def test_every_sweep_of_hostile_rows_ends_with_all_of_them(
    loop_factory: Callable[[], asyncio.AbstractEventLoop], sweeps: int
) -> None:
    faults: list[dict[str, Any]] = []
    reasons: set[Reason] = set()
    with udp_fleet() as port, DnsServer(ZONE) as dns:
        for _ in range(sweeps):
            with asyncio.Runner(loop_factory=loop_factory) as runner:
                found = runner.run(sweep_once(port, dns.address, faults))
            assert sorted(found) == list(range(1, ROWS + 1))
            reasons |= set(found.values())
    assert faults == []
    assert {Reason.ALIVE, Reason.SIP_NOT_SPOKEN, Reason.CREDENTIALS_PROVEN} <= reasons
