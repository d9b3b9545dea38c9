"""The API on a loopback port as trunkd serves it, from a thread of the test's process."""

import asyncio
import socket
import threading
from collections.abc import Sequence
from typing import Self

import uvloop
from fastapi import FastAPI

from trunkd.http_server import HttpServer
from trunks.installation.settings import Settings

HOST = "127.0.0.1"
_READ_WITHIN_SECONDS = 20.0


class BoundedServer:
    """Serves while entered."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._listener.bind((HOST, 0))
        self._listener.listen(2048)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"
        self._server = HttpServer(app, settings)
        self._thread = threading.Thread(target=self._main, name="bounded-server")
        self._started = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop_serving()
        self._thread.join()
        self._listener.close()

    def connect(self, sent: bytes = b"") -> socket.socket:
        """Open a connection, and begin to say something."""
        client = socket.create_connection((HOST, self.port), _READ_WITHIN_SECONDS)
        client.sendall(sent)
        return client

    def _main(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        serving = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        await self._server.ready.wait()
        self._started.set()
        await serving


def said(client: socket.socket) -> bytes:
    """Read until the other side says no more."""
    found = b""
    while True:
        try:
            part = client.recv(65536)
        except ConnectionResetError:
            return found
        if not part:
            return found
        found += part


def status_of(answer: bytes) -> int | None:
    """Give the status of the first answer; None where there is none."""
    return int(answer.split(b" ", 2)[1]) if answer else None


def close_all(clients: Sequence[socket.socket]) -> None:
    for client in clients:
        client.close()
