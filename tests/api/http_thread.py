"""The application on a loopback port, served by uvicorn from a thread of the test's process."""

import asyncio
import socket
import threading
from typing import Self

import uvicorn
from fastapi import FastAPI

_READY_WITHIN_SECONDS = 60.0


class HttpThread:
    """Serves while entered."""

    def __init__(self, app: FastAPI) -> None:
        # asyncio switches Nagle's algorithm off where it is told that it is TCP; else each answer takes 40 ms.
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="on"))
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._main, name="api-under-test")

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(_READY_WITHIN_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()

    def _main(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        # Connections wait in the listener until they are served.
        self._ready.set()
        await self._server.serve(sockets=[self._listener])
