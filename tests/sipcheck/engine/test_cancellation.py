"""A verification that is cancelled raises CancelledError and leaves nothing behind: no task, no socket, no request."""

import asyncio
import os
import socket
import stat
import threading
from collections.abc import Callable

import pytest

from sipcheck import Engine, EngineSettings, Outcome, TransportName, parse_target
from sipcheck.transaction.timers import RFC_3261
from tests.peers.sip_reply import reply_to, split_message
from tests.peers.stream_peer import StreamPeer
from tests.peers.udp_peer import UdpPeer, silent
from tests.sipcheck.conftest import ALICE, LOOPBACK

CHALLENGE = ("WWW-Authenticate", 'Digest realm="carrier.example", nonce="n", qop="auth"')


def silent_behind_the_challenge(request: bytes) -> list[bytes]:
    if request.startswith(b"OPTIONS"):
        return [reply_to(request)]
    if b"\r\nAuthorization:" in request:
        return []
    return [reply_to(request, 401, "Unauthorized", headers=[CHALLENGE])]


def open_sockets() -> set[int]:
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            if stat.S_ISSOCK(os.stat(int(name)).st_mode):
                found.add(int(name))
        except OSError:  # the one that lists the folder
            continue
    return found


async def cancel(verification: "asyncio.Task[object]") -> None:
    verification.cancel()
    with pytest.raises(asyncio.CancelledError):
        await verification
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize(
    ("script", "requests"), [(silent, 1), (silent_behind_the_challenge, 3)], ids=["before", "after"]
)
async def test_over_udp(
    script: Callable[[bytes], list[bytes]],
    requests: int,
    udp_peer_factory: Callable[..., UdpPeer],
    windowed: bool,
) -> None:
    """Before and after credentials have left."""
    peer, answering = udp_peer_factory(script), udp_peer_factory(lambda request: [reply_to(request)])
    before = open_sockets()
    async with Engine(EngineSettings(guard=LOOPBACK), windowed=windowed) as engine:
        target = parse_target(f"127.0.0.1:{peer.port}", transport=TransportName.UDP)
        verification = asyncio.create_task(engine.verify(target, credentials=ALICE))
        await asyncio.to_thread(peer.wait_for_received, requests)
        await cancel(verification)
        # The shared socket goes on working for the others.
        another = parse_target(f"127.0.0.1:{answering.port}", transport=TransportName.UDP)
        assert (await engine.verify(another)).outcome is Outcome.VERIFIED
        received = len(peer.received)
        await asyncio.sleep(1.2 * RFC_3261.t1_seconds)
        assert len(peer.received) == received  # nothing is sent again
    assert open_sockets() == before


async def test_while_somebody_is_asked_about_the_credentials(
    udp_peer_factory: Callable[..., UdpPeer], windowed: bool
) -> None:
    peer = udp_peer_factory(silent_behind_the_challenge)
    asked = asyncio.Event()

    async def never(_: str) -> None:
        asked.set()
        await asyncio.Event().wait()

    async with Engine(EngineSettings(guard=LOOPBACK), windowed=windowed) as engine:
        target = parse_target(f"127.0.0.1:{peer.port}", transport=TransportName.UDP)
        verification = asyncio.create_task(engine.verify(target, credentials=ALICE, before_credentials=never))
        await asked.wait()
        await cancel(verification)
    assert not any(b"Authorization:" in datagram.data for datagram in peer.received)


@pytest.mark.parametrize("script", [lambda _: [], silent_behind_the_challenge], ids=["before", "after"])
async def test_over_tcp_the_connection_is_closed(script: Callable[[bytes], list[bytes]]) -> None:
    waiting, closed = threading.Event(), threading.Event()

    def conduct(accepted: socket.socket) -> None:
        buffer = b""
        while data := accepted.recv(65536):
            buffer += data
            while (taken := split_message(buffer)) is not None:
                message, buffer = taken
                answers = script(message)
                accepted.sendall(b"".join(answers))
                if not answers:
                    waiting.set()
        closed.set()

    with StreamPeer(conduct) as peer:
        before = open_sockets()
        async with Engine(EngineSettings(guard=LOOPBACK)) as engine:
            target = parse_target(f"127.0.0.1:{peer.port}", transport=TransportName.TCP)
            verification = asyncio.create_task(engine.verify(target, credentials=ALICE))
            assert await asyncio.to_thread(waiting.wait, 5)
            await cancel(verification)
            assert await asyncio.to_thread(closed.wait, 5)
    assert open_sockets() <= before
