"""The shared UDP socket: an ICMP error is told to the probe it answers, and deafens no other."""

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest
import uvloop

from sipcheck import Engine, EngineSettings, Reason, TransportName, parse_target
from tests.peers.ports import free_port
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import UdpPeer
from tests.sipcheck.conftest import LOOPBACK

Loop = Callable[[], asyncio.AbstractEventLoop]


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_refused_and_living_peers_on_one_socket(
    new_loop: Loop, address: str, udp_peer_factory: Callable[..., UdpPeer]
) -> None:
    """RFC 3261 §18.4, under both loops: libuv stops watching a socket that had an error."""
    living = udp_peer_factory(lambda request: [reply_to(request)], address=address)
    host = f"[{address}]" if ":" in address else address
    dead = f"{host}:{free_port(address)}"

    async def run() -> Counter[tuple[str, Reason]]:
        async with Engine(EngineSettings(guard=LOOPBACK)) as engine:

            async def check(text: str) -> tuple[str, Reason]:
                target = parse_target(text, transport=TransportName.UDP)
                return text, (await engine.verify(target, timeout_seconds=5)).reason

            found: Counter[tuple[str, Reason]] = Counter()
            for _ in range(5):
                alive = f"{host}:{living.port}"
                found.update(await asyncio.gather(*(check(text) for text in (dead, alive) * 10)))
            return found

    with asyncio.Runner(loop_factory=new_loop) as runner:
        found = runner.run(run())
    assert found == {
        (dead, Reason.CONNECTION_REFUSED): 50,
        (f"{host}:{living.port}", Reason.ALIVE): 50,
    }
