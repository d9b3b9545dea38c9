"""A UDP peer that is gone once it has answered a certain request: what follows is refused by ICMP."""

import socket
import threading
from collections.abc import Callable
from typing import Self

_JOIN_SECONDS = 5.0
_WAKE_SECONDS = 0.05


class ClosingPeer:
    """Answer on loopback, in a thread of its own, up to and with the first request of which `last` says so."""

    def __init__(self, answer: Callable[[bytes], bytes], last: Callable[[bytes], bool]) -> None:
        self._answer = answer
        self._last = last
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(_WAKE_SECONDS)
        self.port: int = self._socket.getsockname()[1]
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="closing-peer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(_JOIN_SECONDS)

    def _serve(self) -> None:
        with self._socket:
            while not self._ending.is_set():
                try:
                    request, source = self._socket.recvfrom(65535)
                except TimeoutError:
                    continue
                self._socket.sendto(self._answer(request), source)
                if self._last(request):
                    return  # what came in the meantime is lost, and its retransmission is refused
