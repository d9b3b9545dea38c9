"""A peer that answers without end, and as much as a message holds, costs its own run alone (sip.md, "Bounds")."""

import asyncio

import pytest

from sipcheck import Engine, EngineSettings, Reason, Target, TransportName
from tests.machine import slowness
from tests.peers.loop_steps import watched_steps
from tests.peers.sip_reply import reply_to
from tests.peers.tls_server import TlsServer, TlsServerSettings
from tests.peers.udp_fleet import udp_fleet
from tests.peers.udp_peer import UdpPeer
from tests.sipcheck.conftest import LOOPBACK

# Of the loop's own thread; without bounds it was 0.8.
STEP_SECONDS = 0.1
FLOODING_RUNS = 3
# A final answer to another request than ours, as large as a datagram and a stream carry it.
LINES = [("X", "a")] * 10_000


def large(request: bytes) -> bytes:
    return reply_to(request.replace(b"Call-ID: ", b"Call-ID: other"), headers=LINES)


def many_large(request: bytes) -> list[bytes]:
    return [large(request)] * 60


def many_small(request: bytes) -> list[bytes]:
    return [reply_to(request.replace(b"Call-ID: ", b"Call-ID: other")) * 2000]


@pytest.mark.parametrize("windowed", [False, True], ids=["plain", "batch"])
async def test_datagrams_without_end(windowed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    with UdpPeer(many_large) as flooding, udp_fleet() as port:
        async with Engine(EngineSettings(guard=LOOPBACK), windowed=windowed) as engine:
            target = Target("127.0.0.1", flooding.port, TransportName.UDP)
            async with watched_steps(monkeypatch) as steps:
                *flooded, healthy = await asyncio.gather(
                    *(engine.verify(target, timeout_seconds=2) for _ in range(FLOODING_RUNS)),
                    engine.verify(Target("127.1.0.1", port, TransportName.UDP)),
                )
    assert healthy.reason is Reason.ALIVE
    assert not any(report.verified for report in flooded)
    assert steps.longest_seconds < STEP_SECONDS * slowness(), steps.longest


@pytest.mark.parametrize("script", [many_large, many_small])
async def test_a_stream_without_end(script: object, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = TlsServerSettings(script=script)  # type: ignore[arg-type]
    with TlsServer(settings) as flooding, udp_fleet() as port:
        async with Engine(EngineSettings(guard=LOOPBACK)) as engine:
            target = Target("127.0.0.1", flooding.port, TransportName.TCP)
            async with watched_steps(monkeypatch) as steps:
                *flooded, healthy = await asyncio.gather(
                    *(engine.verify(target, timeout_seconds=2) for _ in range(FLOODING_RUNS)),
                    engine.verify(Target("127.1.0.1", port, TransportName.UDP)),
                )
    assert healthy.reason is Reason.ALIVE
    assert not any(report.verified for report in flooded)
    assert steps.longest_seconds < STEP_SECONDS * slowness(), steps.longest
