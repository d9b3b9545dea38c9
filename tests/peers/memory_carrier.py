"""A carrier's edges in memory: channels on the running loop's clock, answering by a script."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sipcheck.dns.route import Edge
from sipcheck.errors import TransportFailed
from sipcheck.failure import Failure
from sipcheck.message.parser import top_branch
from sipcheck.reasons import Reason
from sipcheck.report.model import Certificate, ReportWarning
from sipcheck.target import HostPort, TransportName
from sipcheck.transport.channel import Receiver, Unfinished


@dataclass(frozen=True, slots=True)
class Delayed:
    """A reply, and when it comes after the request."""

    data: bytes
    after_seconds: float = 0.0


Script = Callable[[bytes], Sequence[bytes | Delayed]]


def silent(_: bytes) -> Sequence[bytes | Delayed]:
    """Answer nothing."""
    return ()


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that an edge got; `at` is the loop's clock."""

    at: float
    address: str
    data: bytes

    @property
    def method(self) -> str:
        return self.data.split(b" ", 1)[0].decode()

    @property
    def branch(self) -> str:
        return top_branch(self.data) or ""

    @property
    def call_id(self) -> str:
        found = re.search(rb"\r\nCall-ID: ([^\r]+)", self.data)
        return found[1].decode() if found else ""


@dataclass(slots=True)
class MemoryCarrier:
    """Gives a channel to each address of `scripts`; those of `unconnected` never accept a connection."""

    scripts: Mapping[str, Script]
    unconnected: frozenset[str] = frozenset()
    sent: list[Sent] = field(default_factory=list)

    async def open(self, edge: Edge, tls_name: str, deadline_at: float) -> "MemoryChannel":
        """Connect to an edge, as the engine does; raises TransportFailed."""
        if edge.transport is not TransportName.UDP and edge.address in self.unconnected:
            await asyncio.sleep(deadline_at - asyncio.get_running_loop().time())
            raise TransportFailed(Failure.of(Reason.CONNECTION_TIMEOUT, "connection.no-answer"))
        return MemoryChannel(self, edge)

    def requests(self, method: str) -> list[Sent]:
        return [sent for sent in self.sent if sent.method == method]

    def first_of_each(self, method: str) -> list[tuple[float, str]]:
        """(when, where) of each transaction's first transmission."""
        seen: dict[str, Sent] = {}
        for sent in self.requests(method):
            seen.setdefault(sent.branch, sent)
        return [(round(sent.at, 6), sent.address) for sent in seen.values()]


class MemoryChannel:
    """One edge; what it answers comes through the loop, never within `send`."""

    usable = True
    heard = False
    unfinished: Unfinished | None = None
    certificate: Certificate | None = None
    warnings: tuple[ReportWarning, ...] = ()

    def __init__(self, carrier: MemoryCarrier, edge: Edge) -> None:
        self.reliable = edge.transport is not TransportName.UDP
        self.local = HostPort("192.0.2.1", 40000)
        self.remote = HostPort(edge.address, edge.port)
        self._carrier = carrier
        self._loop = asyncio.get_running_loop()
        self._receivers: dict[str, Receiver] = {}

    def attach(self, branch: str, receiver: Receiver) -> None:
        self._receivers[branch] = receiver

    def detach(self, branch: str) -> None:
        self._receivers.pop(branch, None)

    def send(self, data: bytes) -> None:
        self._carrier.sent.append(Sent(self._loop.time(), self.remote.host, data))
        for reply in self._carrier.scripts[self.remote.host](data):
            delayed = reply if isinstance(reply, Delayed) else Delayed(reply)
            self._loop.call_later(delayed.after_seconds, self._deliver, delayed.data)

    def _deliver(self, data: bytes) -> None:
        receiver = self._receivers.get(top_branch(data) or "")
        if receiver is not None:
            receiver.received(data, self.remote)

    async def explain(self, failure: Failure) -> Failure:
        return failure

    async def close(self) -> None:
        """Nothing is open."""
