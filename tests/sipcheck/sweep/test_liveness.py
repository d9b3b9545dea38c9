"""The liveness of edges, and the socket it is asked over."""

from collections.abc import Callable

from sipcheck import Engine, EngineSettings, Target, TransportName
from sipcheck.dns.route import Edge
from sipcheck.sweep.liveness import ask_edges
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import UdpPeer
from tests.sipcheck.conftest import LOOPBACK


async def test_a_fresh_question_leaves_by_another_socket_than_all_others(
    udp_peer_factory: Callable[..., UdpPeer],
) -> None:
    """A fault of the socket that everything shares must not decide that a trunk is down."""
    peer = udp_peer_factory(lambda request: [reply_to(request)])
    target = Target("127.0.0.1", peer.port, TransportName.UDP)
    edges = [Edge("127.0.0.1", "127.0.0.1", peer.port, TransportName.UDP)]
    async with Engine(EngineSettings(guard=LOOPBACK)) as engine:
        assert (await engine.verify(target)).verified
        for fresh in (False, True):
            assert (await ask_edges(engine, target, edges, timeout_seconds=5, fresh=fresh)).alive
    plain, usual, fresh_port = (datagram.source[1] for datagram in peer.received)
    assert plain == usual  # one socket for single verifications and for the batch
    assert fresh_port != usual
