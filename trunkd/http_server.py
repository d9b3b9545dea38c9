"""uvicorn on a socket and a loop of ours, ended by an event instead of by signals of its own."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import uvicorn
from fastapi import FastAPI

from trunkd.connections import Connections
from trunkd.descriptors import room_for
from trunkd.http_protocol import BoundedHttp
from trunks.installation.settings import Settings

# Of the 10 s that a stopping process has; whoever waits for something is dismissed before, and answered by then.
_GRACE_SECONDS = 8
# Of 0.1 s each.
_TICKS_BETWEEN_LOOKS = 10


class HttpServer(uvicorn.Server):
    """Serves until stop_serving() is called; then it takes no more requests and answers those at hand.

    `ready` is set once requests are answered.
    """

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        most = room_for(settings.connections)
        self._connections = Connections[BoundedHttp](most, min(most, settings.connections_of_one_address))
        super().__init__(
            uvicorn.Config(
                app,
                # Anything that makes the protocol of a connection does.
                http=partial(BoundedHttp, self._connections),  # type: ignore[arg-type]
                ws="none",
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

    async def on_tick(self, counter: int) -> bool:
        """Take leave, every second, of those who have lingered for too long."""
        if counter % _TICKS_BETWEEN_LOOKS == 0:
            for connection in self._connections.overdue(asyncio.get_running_loop().time()):
                connection.end_lingering()
        return await super().on_tick(counter)

    def stop_serving(self) -> None:
        self.should_exit = True

    def dismiss_waiting(self) -> None:
        """Answer all callers who still wait for something, and whoever comes to wait after them."""
        self._app.state.context.waiter.dismiss()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to whoever runs this server beside other things."""
        yield
