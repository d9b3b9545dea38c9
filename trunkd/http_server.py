"""uvicorn on a socket and a loop of ours, ended by an event instead of by signals of its own."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

# Of the 10 s that a stopping process has; whoever waits for something is dismissed before, and answered by then.
_GRACE_SECONDS = 8


class HttpServer(uvicorn.Server):
    """Serves until stop_serving() is called; then it takes no more requests and answers those at hand.

    `ready` is set once requests are answered.
    """

    def __init__(self, app: FastAPI) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="on",
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )
        self._app = app
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does, and tell."""
        await super().startup(sockets)
        self.ready.set()

    def stop_serving(self) -> None:
        self.should_exit = True

    def dismiss_waiting(self) -> None:
        """Answer all callers who still wait for something, and whoever comes to wait after them."""
        self._app.state.context.waiter.dismiss()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to whoever runs this server beside other things."""
        yield
