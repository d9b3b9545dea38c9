"""A receiver of messages is reached by whichever of its addresses answers; with one that is forbidden, by none."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from ipaddress import ip_network

import pytest

from sipcheck.engine import Engine
from sipcheck.guard import Guard
from sipcheck.settings import EngineSettings
from tests.peers.dns_server import DnsServer
from tests.peers.http_receiver import http_receiver
from trunks.rules.delivery import Try
from worker.messages.http_post import post

SENT = Try(200, None)
REFUSED = Try(None, "connection")

ZONE = """
dual.example. AAAA ::1
dual.example. A 127.0.0.1
two.example. A 127.0.0.9
two.example. A 127.0.0.1
deaf.example. A 127.0.0.8
deaf.example. A 127.0.0.1
dead.example. A 127.0.0.9
dead.example. AAAA ::1
forbidden.example. A 127.0.0.1
forbidden.example. A 10.0.0.1
many.example. A 127.0.0.11
many.example. A 127.0.0.12
many.example. A 127.0.0.13
many.example. A 127.0.0.14
many.example. A 127.0.0.15
"""


@contextmanager
def deaf(address: str, port: int) -> Iterator[None]:
    """Let connections to a port wait for ever: its queue is full, and nobody takes from it."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((address, port), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield


@pytest.mark.parametrize(
    ("name", "came"),
    [
        ("dual.example", SENT),
        ("two.example", SENT),
        ("deaf.example", SENT),
        ("dead.example", REFUSED),
        ("many.example", REFUSED),
        ("forbidden.example", Try(None, "address-forbidden")),
    ],
)
async def test_the_next_address_is_tried(name: str, came: Try) -> None:
    """A stale AAAA record would else keep every message from a receiver that each browser reaches."""
    heard: list[str] = []

    def hear(path: str, headers: object, body: bytes) -> HTTPStatus:
        heard.append(path)
        return HTTPStatus.OK

    with DnsServer(ZONE) as dns, http_receiver(hear) as port, deaf("127.0.0.8", port):
        networks = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
        guard = Guard(allow_networks=networks, allow_ports=frozenset({port}))
        async with Engine(EngineSettings(nameservers=(dns.address,), guard=guard)) as engine:
            for turn in range(3):  # equal addresses come in any order
                sent = await post(
                    engine,
                    f"http://{name}:{port}/{turn}",
                    {"Content-Type": "application/json"},
                    b"{}",
                    now=datetime.now(UTC),
                    seconds=3,
                    tls=ssl.create_default_context(),
                )
                assert sent == came
    assert heard == (["/0", "/1", "/2"] if came is SENT else [])
