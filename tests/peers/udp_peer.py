"""A UDP peer that answers by a script: odd replies, late ones, from elsewhere, or none."""

import heapq
import itertools
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Self

from tests.peers.ports import family_of, free_port

_WAKE_SECONDS = 0.05
_JOIN_SECONDS = 5.0
_POLL_SECONDS = 0.01
_DATAGRAM_OCTETS = 65535


@dataclass(frozen=True, slots=True)
class Datagram:
    """What the peer received; received_at is on the clock of time.monotonic()."""

    data: bytes
    source: tuple[str, int]
    received_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Bytes to send, once `held_until` is set where it is given.

    from_elsewhere sends them from another port, or from this address and another port.
    """

    data: bytes
    after_seconds: float = 0.0
    held_until: threading.Event | None = None
    from_elsewhere: bool | str = False


Script = Callable[[bytes], Iterable[bytes | Reply]]


def silent(_: bytes) -> Sequence[bytes | Reply]:
    """Answer nothing."""
    return ()


class UdpPeer:
    """Listen on loopback in a thread of its own; an error in the script is raised by end()."""

    def __init__(self, script: Script, *, address: str = "127.0.0.1", port: int | None = None) -> None:
        self.address = address
        self.port = free_port(address) if port is None else port
        self.received: list[Datagram] = []
        self._script = script
        self._socket = socket.socket(family_of(address), socket.SOCK_DGRAM)
        self._socket.bind((address, self.port))
        self._waiting: list[tuple[float, int, Reply, tuple[str, int]]] = []
        self._held: list[tuple[Reply, tuple[str, int]]] = []
        self._order = itertools.count()
        self._ending = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="udp-peer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Stop answering and raise what the script raised, if it did."""
        self._ending.set()
        self._thread.join(_JOIN_SECONDS)
        self._socket.close()
        error, self._error = self._error, None
        if error is not None:
            raise error

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def wait_for_received(self, count: int, *, within_seconds: float = 5.0) -> list[Datagram]:
        """Wait until this many datagrams came. Raises TimeoutError."""
        deadline = time.monotonic() + within_seconds
        while len(self.received) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"fewer than {count} datagrams: {self.received}")
            time.sleep(_POLL_SECONDS)
        return self.received

    def _run(self) -> None:
        try:
            while not self._ending.is_set():
                self._let_go()
                self._send_due()
                if select.select([self._socket], [], [], self._wait_seconds())[0]:
                    self._receive()
        except Exception as error:  # noqa: BLE001  (a thread's border: end() raises it in the test)
            self._error = error

    def _receive(self) -> None:
        data, source = self._socket.recvfrom(_DATAGRAM_OCTETS)
        self.received.append(Datagram(data, source, time.monotonic()))
        for answer in self._script(data):
            reply = answer if isinstance(answer, Reply) else Reply(data=answer)
            if reply.held_until is None:
                self._plan(reply, source)
            else:
                self._held.append((reply, source))

    def _plan(self, reply: Reply, source: tuple[str, int]) -> None:
        due = time.monotonic() + reply.after_seconds
        heapq.heappush(self._waiting, (due, next(self._order), reply, source))

    def _let_go(self) -> None:
        for held in list(self._held):
            reply, source = held
            if reply.held_until is not None and reply.held_until.is_set():
                self._held.remove(held)
                self._plan(reply, source)

    def _wait_seconds(self) -> float:
        if not self._waiting:
            return _WAKE_SECONDS
        return min(_WAKE_SECONDS, max(0.0, self._waiting[0][0] - time.monotonic()))

    def _send_due(self) -> None:
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            _, _, reply, destination = heapq.heappop(self._waiting)
            if reply.from_elsewhere is False:
                self._socket.sendto(reply.data, destination)
                continue
            address = reply.from_elsewhere if isinstance(reply.from_elsewhere, str) else self.address
            with closing(socket.socket(self._socket.family, socket.SOCK_DGRAM)) as elsewhere:
                elsewhere.bind((address, 0))
                elsewhere.sendto(reply.data, destination)
