"""The practice carrier's TCP side, and what TLS shares with it."""

import asyncio
from typing import cast

from sipcheck.carrier.datagrams import Answer
from sipcheck.carrier.delivery import Delivery
from sipcheck.errors import ParseError
from sipcheck.message.framing import StreamFramer
from sipcheck.message.message import Request
from sipcheck.message.parser import parse
from sipcheck.target import HostPort, TransportName


class Connection(asyncio.Protocol):
    """One connection of a client, listed in `connections` for as long as it is open."""

    def __init__(self, connections: set[asyncio.Transport]) -> None:
        self._connections = connections
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._connections.discard(self._transport)

    def write(self, data: bytes) -> None:
        """Send, unless the connection has ended meanwhile."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Close once everything is sent."""
        if self._transport is not None:
            self._transport.close()


class StreamSide(Connection):
    """Answers the requests of a connection, over it; what is not SIP ends it."""

    def __init__(
        self,
        connections: set[asyncio.Transport],
        answer: Answer,
        delivery: Delivery,
        transport_name: TransportName = TransportName.TCP,
    ) -> None:
        super().__init__(connections)
        self._answer = answer
        self._delivery = delivery
        self._transport_name = transport_name
        self._framer = StreamFramer()

    def data_received(self, data: bytes) -> None:
        try:
            requests = [parse(message) for message in self._framer.feed(data)]
        except ParseError:
            self.close()
            return
        for request in requests:
            if isinstance(request, Request):
                self._reply(self._answer(request, self._source(), self._transport_name))

    def _source(self) -> HostPort:
        name = self._transport.get_extra_info("peername") if self._transport else ("", 0)
        return HostPort(str(name[0]), int(name[1]))

    def _reply(self, replies: tuple[bytes, ...]) -> None:
        loop = asyncio.get_running_loop()
        if self._delivery.close:
            loop.call_later(self._delivery.delay_seconds, self.close)
            return
        for reply in replies:
            loop.call_later(self._delivery.delay_seconds, self.write, reply)


class DeafSide(Connection):
    """Says its one thing, or nothing, to whatever comes, and closes."""

    def __init__(self, connections: set[asyncio.Transport], saying: bytes = b"") -> None:
        super().__init__(connections)
        self._saying = saying

    def data_received(self, data: bytes) -> None:
        self.write(self._saying)
        self.close()
