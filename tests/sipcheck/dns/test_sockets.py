"""A DNS question that is given up leaves no socket, at whichever moment that is."""

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop

from sipcheck.dns.query import DnsClient
from sipcheck.dns.sockets import QuestionSockets
from sipcheck.target import HostPort
from tests.peers.ports import free_port

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def open_sockets() -> int:
    found = 0
    for number in os.listdir("/proc/self/fd"):
        try:
            found += Path("/proc/self/fd", number).readlink().name.startswith("socket:")
        except FileNotFoundError:  # the one that lists the folder
            continue
    return found


async def _give_up(turns: int) -> tuple[int, int]:
    loop = asyncio.get_running_loop()
    client = DnsClient(nameservers=[HostPort("127.0.0.1", free_port("127.0.0.1"))])
    before = open_sockets()
    asked = [asyncio.create_task(client.ipv4("a.example", deadline_at=loop.time() + 5)) for _ in range(5)]
    for _ in range(turns):
        await asyncio.sleep(0)
    for question in asked:
        question.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    await asyncio.sleep(0.01)  # a transport is closed in the loop's next turn
    return before, open_sockets()


@pytest.mark.parametrize("turns", range(8))
@pytest.mark.parametrize("new_loop", LOOPS.values(), ids=LOOPS)
def test_no_socket_is_left(new_loop: Callable[[], asyncio.AbstractEventLoop], turns: int) -> None:
    with asyncio.Runner(loop_factory=new_loop) as runner:
        before, after = runner.run(_give_up(turns))
    assert after == before


async def _give_up_connection(turns: int) -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        before = open_sockets()
        opened = asyncio.create_task(
            QuestionSockets().make_socket(
                socket.AF_INET, socket.SOCK_STREAM, 0, None, server.getsockname(), 5.0
            )
        )
        for _ in range(turns):
            await asyncio.sleep(0)
        opened.cancel()
        await asyncio.wait([opened])
        if not opened.cancelled():
            await opened.result().close()
        await asyncio.sleep(0.01)
        return before, open_sockets()


@pytest.mark.parametrize("turns", range(16))
@pytest.mark.parametrize("new_loop", LOOPS.values(), ids=LOOPS)
def test_no_connection_is_left(new_loop: Callable[[], asyncio.AbstractEventLoop], turns: int) -> None:
    """Also where it was there already, and nobody had been told yet; its writer would warn when it is collected."""
    with asyncio.Runner(loop_factory=new_loop) as runner:
        before, after = runner.run(_give_up_connection(turns))
    assert after == before
