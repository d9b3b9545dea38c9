import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.peers.sip_client import ask_by_udp, make_request, status_of
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import Reply, UdpPeer, silent

Factory = Callable[..., UdpPeer]


@pytest.fixture
def client() -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as unconnected:
        unconnected.settimeout(5)
        unconnected.bind(("127.0.0.1", 0))
        yield unconnected


def test_a_script_gets_the_request_and_answers_it(udp_peer_factory: Factory) -> None:
    peer = udp_peer_factory(lambda request: [reply_to(request, 503, "Service Unavailable")])
    request = make_request("OPTIONS")
    answer = ask_by_udp(peer.port, request)
    assert status_of(answer) == 503
    assert b"branch=z9hG4bK-OPTIONS-1\r\n" in answer
    assert [datagram.data for datagram in peer.received] == [request]


def test_several_replies_come_in_order_and_late_ones_late(
    udp_peer_factory: Factory, client: socket.socket
) -> None:
    peer = udp_peer_factory(lambda _: [Reply(data=b"late", after_seconds=0.2), b"first", b"second"])
    started_at = time.monotonic()
    client.sendto(b"?", ("127.0.0.1", peer.port))
    assert [client.recv(100) for _ in range(3)] == [b"first", b"second", b"late"]
    assert time.monotonic() - started_at >= 0.2


@pytest.mark.parametrize(("elsewhere", "address"), [(True, "127.0.0.1"), ("127.0.0.2", "127.0.0.2")])
def test_a_reply_may_come_from_elsewhere(
    udp_peer_factory: Factory, client: socket.socket, elsewhere: bool | str, address: str
) -> None:
    peer = udp_peer_factory(lambda _: [Reply(data=b"stranger", from_elsewhere=elsewhere)])
    client.sendto(b"?", ("127.0.0.1", peer.port))
    data, (source, port) = client.recvfrom(100)
    assert (data, source) == (b"stranger", address)
    assert port != peer.port


def test_silence_records_what_came(udp_peer_factory: Factory, client: socket.socket) -> None:
    peer = udp_peer_factory(silent)
    client.settimeout(0.2)
    client.sendto(b"?", ("127.0.0.1", peer.port))
    with pytest.raises(TimeoutError):
        client.recv(1)
    assert [datagram.source for datagram in peer.received] == [client.getsockname()]


def test_ipv6_is_spoken_too(udp_peer_factory: Factory) -> None:
    peer = udp_peer_factory(lambda request: [reply_to(request)], address="::1")
    assert status_of(ask_by_udp(peer.port, make_request("OPTIONS"), address="::1")) == 200


def test_an_error_in_a_script_reaches_the_test(udp_peer_factory: Factory, client: socket.socket) -> None:
    peer = udp_peer_factory(lambda _: 1 // 0)
    client.sendto(b"?", ("127.0.0.1", peer.port))
    peer.wait_for_received(1)
    with pytest.raises(ZeroDivisionError):
        peer.end()
