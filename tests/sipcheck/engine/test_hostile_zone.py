"""Zones that would stop the loop cost their own runs alone (docs/design/sip.md, "Bounds")."""

import asyncio
from ipaddress import ip_network

import pytest

from sipcheck import Engine, EngineSettings, Guard, Reason, Report, TransportName, parse_target
from sipcheck.dns.walk import MAX_EDGES, MAX_QUESTIONS_OF_RUN
from sipcheck.target import Target
from tests.machine import slowness
from tests.peers.hostile_zone import DOMAIN, hostile_zone
from tests.peers.loop_steps import watched_steps
from tests.peers.udp_fleet import udp_fleet
from tests.punctual import punctually

HOSTILE_RUNS = 5
# Of the loop's own thread; without bounds it was 0.4, and what one takes on a quiet machine is 0.005.
STEP_SECONDS = 0.15
# A question's datagram socket may still be there for a turn of the loop when its connection is opened.
SOCKETS_OF_QUESTION = 2


async def verify_until(over: asyncio.Event, engine: Engine, port: int) -> list[Report]:
    """Verify a healthy carrier again and again."""
    reports = []
    while not over.is_set():
        reports.append(await engine.verify(Target("127.1.0.1", port, TransportName.UDP)))
        await asyncio.sleep(0.02)
    return reports


async def verify_hostile(engine: Engine) -> Report:
    """With time for a DNS server that shares a busy machine with all other tests: what is read is what counts."""
    return await engine.verify(parse_target(DOMAIN), timeout_seconds=40.0)


async def test_a_healthy_carrier_is_verified_beside_hostile_zones(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = (ip_network("127.0.0.0/8"), ip_network("fd00::/8"))
    over = asyncio.Event()
    with hostile_zone() as nameserver, udp_fleet() as port:
        settings = EngineSettings(guard=Guard(allow_networks=allowed), nameservers=(nameserver,))
        async with Engine(settings) as engine, watched_steps(monkeypatch) as steps:
            healthy = asyncio.create_task(verify_until(over, engine, port))
            # The zone's server is a thread of this very process: where it is starved, the runs say that of themselves.
            hostile = await punctually(
                lambda: asyncio.gather(*(verify_hostile(engine) for _ in range(HOSTILE_RUNS)))
            )
            over.set()
            reports = await healthy
    assert {report.reason for report in reports} == {Reason.ALIVE}
    assert steps.longest_seconds < STEP_SECONDS * slowness(), steps.longest
    assert steps.sockets < HOSTILE_RUNS * (MAX_QUESTIONS_OF_RUN * SOCKETS_OF_QUESTION + 8) + 8
    for report in hostile:
        assert len(report.edges) == MAX_EDGES
        said = "\n".join(warning.detail for warning in report.warnings)
        assert "the first 64 records of an answer are read" in said
        assert "the first 16 were used" in said
        assert len(report.warnings) < 20


async def test_a_zone_of_forbidden_addresses_is_refused_as_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every address that was read is judged, by the long list of the guard."""
    with hostile_zone() as nameserver:
        settings = EngineSettings(nameservers=(nameserver,))
        async with Engine(settings) as engine, watched_steps(monkeypatch) as steps:
            report = await engine.verify(parse_target(DOMAIN))
    assert report.reason is Reason.ADDRESS_FORBIDDEN
    assert steps.longest_seconds < STEP_SECONDS * slowness(), steps.longest
