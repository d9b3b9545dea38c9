"""A TCP peer whose test drives the accepted socket itself: what no server would do on purpose."""

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Self

_TIMEOUT_SECONDS = 10.0

Conduct = Callable[[socket.socket], None]


class StreamPeer:
    """Take connections on loopback, one after the other, and hand each to `conduct` in a thread."""

    def __init__(self, conduct: Conduct, *, port: int = 0, receive_buffer: int | None = None) -> None:
        self._conduct = conduct
        self._listener = socket.socket()
        if receive_buffer is not None:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._listener.bind(("127.0.0.1", port))
        self._listener.listen()
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, name="stream-peer", daemon=True)
        self._ending = False
        self._error: Exception | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End, and raise what the conduct raised."""
        self._ending = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(_TIMEOUT_SECONDS)
        self._listener.close()
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _serve(self) -> None:
        while not self._ending:
            try:
                accepted, _ = self._listener.accept()
            except OSError:  # __exit__ shut it down
                return
            accepted.settimeout(_TIMEOUT_SECONDS)
            try:
                with accepted:
                    self._conduct(accepted)
            except Exception as error:  # noqa: BLE001  (a thread's border: __exit__ raises it in the test)
                self._error = error
