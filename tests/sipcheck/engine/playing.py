"""One proof by INVITE against a scripted carrier, and all that it was asked until nothing more was to be sent."""

import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sipcheck import Credentials, Engine, EngineSettings, Guard, Proof, Report, TransportName, parse_target
from tests.peers.call_peer import CallScript
from tests.peers.tls_server import TlsServer, TlsServerSettings
from tests.peers.udp_peer import UdpPeer
from tests.sipcheck.conftest import ALICE, LOOPBACK

WITHIN_SECONDS = 30
_LAST = b"LAST"


@dataclass
class Played:
    """What a peer was asked, and what the run came to."""

    script: CallScript
    report: Report


async def play(
    script: CallScript,
    *,
    transport: TransportName = TransportName.UDP,
    guard: Guard = LOOPBACK,
    credentials: Credentials = ALICE,
    timeout_seconds: float = 5,
    **options: Any,
) -> Played:
    """Prove by INVITE against a script, and leave the engine: whatever is still to be sent has left then."""
    options |= {"credentials": credentials, "proof": Proof.INVITE, "timeout_seconds": timeout_seconds}
    async with (
        listening(script, transport),
        asyncio.timeout(WITHIN_SECONDS),
        Engine(EngineSettings(guard=guard)) as engine,
    ):
        target = parse_target(f"127.0.0.1:{script.port}", transport=transport)
        report = await engine.verify(target, **options)
    return Played(script, report)


@asynccontextmanager
async def listening(
    script: CallScript, transport: TransportName = TransportName.UDP
) -> AsyncIterator[UdpPeer | TlsServer]:
    """Answer by a script; over TCP all that answers one request goes out in one piece, without delay.

    Where the block ends, what was sent in it has been read.
    """
    if transport is TransportName.UDP:
        with UdpPeer(script) as peer:
            script.port = peer.port
            yield peer
            await asyncio.to_thread(_read_what_has_been_sent, peer, script)
        return
    script.contact = script.contact.replace(">", ";transport=tcp>")
    with TlsServer(TlsServerSettings(script=lambda request: [_whole(script, request)])) as server:
        script.port = server.port
        yield server
        await asyncio.to_thread(lambda: server.wait_for_ended(len(server.connections)))


def value(request: bytes, name: str) -> str:
    """The value of a request's header field; empty where it has none."""
    found = re.search(rf"^{name}: *(.*?)\r$".encode(), request, re.MULTILINE)
    return found[1].decode("utf-8", "surrogateescape") if found else ""


def _whole(script: CallScript, request: bytes) -> bytes:
    given = script(request)
    # A keep-alive, where there is nothing to say: no chunk at all would close the connection.
    return b"".join(each for each in given if isinstance(each, bytes)) or b"\r\n"


def _read_what_has_been_sent(peer: UdpPeer, script: CallScript) -> None:
    """Let the peer's thread read what has been sent: what is sent now stands behind it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
        last.sendto(_LAST, ("127.0.0.1", peer.port))
    deadline = time.monotonic() + WITHIN_SECONDS
    while _LAST not in script.requests:
        assert time.monotonic() < deadline, "the peer read no more"
        time.sleep(0.01)
    script.requests.remove(_LAST)
