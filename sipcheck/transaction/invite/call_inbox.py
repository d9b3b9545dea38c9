"""What comes for a call, by whichever of its ways, in one order."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

from sipcheck.errors import ParseError
from sipcheck.failure import Failure
from sipcheck.target import HostPort
from sipcheck.transaction.invite.leg import Way

_MOST_WAITING = 64


@dataclass(frozen=True, slots=True)
class CallArrival:
    """A message; with a `fault` the bytes that none can be cut from; with a `failure` the end of the way."""

    way: Way
    data: bytes = b""
    source: HostPort = HostPort("", None)
    fault: ParseError | None = None
    failure: Failure | None = None


@dataclass(slots=True)
class CallInbox:
    """Of one call. A peer that sends without end fills no memory: `dropped` counts what came beyond what waits.

    None in the queue is a word of our own side: that something is wanted of the call.
    """

    call_id: bytes
    arrivals: asyncio.Queue[CallArrival | None] = field(default_factory=asyncio.Queue)
    dropped: int = 0
    keep_alives: int = 0
    _attached: dict[tuple[int, str], Way] = field(default_factory=dict)

    def attach(self, way: Way, branch: str) -> None:
        """Take what comes under this branch, and under our Call-ID, until `detach`."""
        key = id(way.channel), branch
        if key not in self._attached:
            self._attached[key] = way
            way.channel.attach(branch, _WayReceiver(self, way))

    def detach(self) -> None:
        for (_, branch), way in self._attached.items():
            way.channel.detach(branch)
        self._attached.clear()

    def waiting(self) -> Iterator[CallArrival]:
        """Give what has come by now, and nothing that comes meanwhile."""
        for _ in range(self.arrivals.qsize()):
            arrival = self.arrivals.get_nowait()
            if arrival is not None:
                yield arrival

    def wake(self) -> None:
        self.arrivals.put_nowait(None)

    def take(self, arrival: CallArrival) -> None:
        if self.arrivals.qsize() < _MOST_WAITING:
            self.arrivals.put_nowait(arrival)
        else:
            self.dropped += 1


@dataclass(frozen=True, slots=True)
class _WayReceiver:
    inbox: CallInbox
    way: Way

    @property
    def call_id(self) -> bytes:
        return self.inbox.call_id

    def received(self, data: bytes, source: HostPort) -> None:
        self.inbox.take(CallArrival(self.way, data, source))

    def unframed(self, data: bytes, source: HostPort, fault: ParseError) -> None:
        self.inbox.take(CallArrival(self.way, data, source, fault=fault))

    def kept_alive(self) -> None:
        self.inbox.keep_alives += 1

    def failed(self, failure: Failure) -> None:
        # Never dropped: it comes once, and nothing follows it.
        self.inbox.arrivals.put_nowait(CallArrival(self.way, failure=failure))
