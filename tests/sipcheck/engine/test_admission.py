"""Others may decide when a verification sends: after the guard, before the first request, outside its deadline."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from sipcheck import Engine, EngineSettings, Outcome, Reason, parse_target
from sipcheck.dns.route import Edge
from sipcheck.target import TransportName
from tests.peers.dns_server import DnsServer
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import UdpPeer, silent
from tests.sipcheck.conftest import ALICE, LOOPBACK
from tests.sipcheck.engine.test_failover import registrar, srv


class Busy(Exception):
    """The one who admits has no room."""


@pytest.fixture
def peer(udp_peer_factory: Callable[..., UdpPeer]) -> UdpPeer:
    return udp_peer_factory(lambda request: [reply_to(request)])


async def test_waiting_to_be_admitted_is_not_counted_against_the_deadline(peer: UdpPeer) -> None:
    asked: list[tuple[str, int]] = []

    async def admit(edges: Sequence[Edge]) -> None:
        asked.append((edges[0].address, len(peer.received)))
        await asyncio.sleep(0.6)

    async with Engine(EngineSettings(guard=LOOPBACK)) as engine:
        target = parse_target(f"127.0.0.1:{peer.port}")
        report = await engine.verify(target, timeout_seconds=0.5, admit=admit)
    assert (report.outcome, report.reason) == (Outcome.VERIFIED, Reason.ALIVE)
    assert asked == [("127.0.0.1", 0)]


async def test_what_it_raises_ends_the_run_before_anything_is_sent(peer: UdpPeer) -> None:
    async def admit(edges: Sequence[Edge]) -> None:
        raise Busy

    async with Engine(EngineSettings(guard=LOOPBACK)) as engine:
        with pytest.raises(Busy):
            await engine.verify(parse_target(f"127.0.0.1:{peer.port}"), admit=admit)
    assert peer.received == []


async def test_what_the_guard_refuses_is_not_asked_for(peer: UdpPeer) -> None:
    async def admit(edges: Sequence[Edge]) -> None:
        raise Busy

    async with Engine() as engine:
        report = await engine.verify(parse_target(f"127.0.0.1:{peer.port}"), admit=admit)
    assert report.reason is Reason.ADDRESS_FORBIDDEN


@pytest.mark.parametrize("with_credentials", [True, False])
async def test_who_admits_is_told_of_an_address_that_is_done_with_while_another_is_waited_for(
    with_credentials: bool,
    udp_peer_factory: Callable[..., UdpPeer],
    dns_server_factory: Callable[..., DnsServer],
) -> None:
    living, dead = udp_peer_factory(registrar), udp_peer_factory(silent, address="127.0.0.2")
    dns = dns_server_factory(srv(living, dead))
    done: dict[str, float] = {}
    loop = asyncio.get_running_loop()

    def edge_done(edge: Edge) -> None:
        done[edge.address] = loop.time()

    settings = EngineSettings(guard=LOOPBACK, nameservers=(dns.address,))
    async with Engine(settings) as engine:
        report = await engine.verify(
            parse_target("x.example", transport=TransportName.UDP),
            credentials=ALICE if with_credentials else None,
            timeout_seconds=5,
            edge_done=edge_done,
        )
    ended_at = loop.time()
    assert report.outcome is Outcome.VERIFIED
    assert ended_at - done[living.address] > 0.2
    assert dead.address not in done or done[dead.address] >= done[living.address]
