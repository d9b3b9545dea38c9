"""The practice carrier's TCP side, and what TLS shares with it."""

import asyncio
from dataclasses import dataclass, field
from typing import ClassVar, cast

from sipcheck.carrier.datagrams import Answer, TakeResponse
from sipcheck.carrier.delivery import Delivery
from sipcheck.errors import ParseError
from sipcheck.message.framing import StreamFramer
from sipcheck.message.message import Request
from sipcheck.message.parser import parse
from sipcheck.target import HostPort, TransportName


@dataclass(eq=False)
class Connection(asyncio.Protocol):
    """One connection of a client, listed in `connections` for as long as it is open."""

    connections: set[asyncio.Transport]
    _transport: asyncio.Transport = field(init=False)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.connections.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.connections.discard(self._transport)

    def write(self, data: bytes) -> None:
        """Send, unless the connection has ended meanwhile."""
        if not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Close once everything is sent."""
        self._transport.close()


@dataclass(eq=False)
class StreamSide(Connection):
    """Answers the requests of a connection, over it; what is not SIP ends it."""

    answer: Answer
    take_response: TakeResponse
    delivery: Delivery
    transport_name: ClassVar = TransportName.TCP
    _framer: StreamFramer = field(default_factory=StreamFramer, init=False)

    def data_received(self, data: bytes) -> None:
        try:
            requests = [parse(message) for message in self._framer.feed(data)]
        except ParseError:
            self.close()
            return
        for request in requests:
            if isinstance(request, Request):
                self._reply(self.answer(request, self._source(), self.transport_name, self.write))
            else:
                self.take_response(request)

    def _source(self) -> HostPort:
        name = self._transport.get_extra_info("peername")
        return HostPort(str(name[0]), int(name[1]))

    def _reply(self, replies: tuple[bytes, ...]) -> None:
        loop = asyncio.get_running_loop()
        if self.delivery.close:
            loop.call_later(self.delivery.delay_seconds, self.close)
            return
        for reply in replies:
            loop.call_later(self.delivery.delay_seconds, self.write, reply)


@dataclass(eq=False)
class DeafSide(Connection):
    """Says its one thing, or nothing, to whatever comes, and closes."""

    saying: bytes = b""

    def data_received(self, data: bytes) -> None:
        self.write(self.saying)
        self.close()
