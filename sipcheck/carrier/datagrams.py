"""The practice carrier's UDP side."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import cast

from sipcheck.carrier.delivery import Delivery
from sipcheck.errors import ParseError
from sipcheck.message.message import Request, Response
from sipcheck.message.parser import parse
from sipcheck.target import HostPort, TransportName

# Sends what is said later, to where the request came from.
Send = Callable[[bytes], None]
Answer = Callable[[Request, HostPort, TransportName, Send], tuple[bytes, ...]]
TakeResponse = Callable[[Response], None]


@dataclass(eq=False)
class DatagramSide(asyncio.DatagramProtocol):
    """Answers each datagram that is a SIP request, where its top Via wants it (RFC 3261 §18.2.2)."""

    answer: Answer
    take_response: TakeResponse
    delivery: Delivery
    elsewhere: asyncio.DatagramTransport | None = None
    _transport: asyncio.DatagramTransport | None = field(default=None, init=False)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        try:
            request = parse(data)
        except ParseError:
            return
        if isinstance(request, Response):
            self.take_response(request)
            return
        source = HostPort(address[0], address[1])
        destination = (source.host, reply_port(request, source))
        replies = self.answer(
            request, source, TransportName.UDP, partial(self._send, destination=destination)
        )
        loop = asyncio.get_running_loop()
        for reply in replies:
            loop.call_later(self.delivery.delay_seconds, self._send, reply, destination)

    def _send(self, data: bytes, destination: tuple[str, int]) -> None:
        transport = self.elsewhere if self.delivery.from_elsewhere else self._transport
        if transport is not None and not transport.is_closing():
            transport.sendto(data, destination)


def reply_port(request: Request, source: HostPort) -> int:
    """The port the request came from where `rport` asks for it (RFC 3581 §4), else the one it names."""
    via = request.vias[0]
    if via.wants_rport and source.port is not None:
        return source.port
    return via.port or TransportName.UDP.default_port
