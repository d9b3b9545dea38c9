"""A door for calls that we asked for: it notes where each came from and refuses it, and answers nobody else."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import cast

from sipcheck.carrier.datagrams import reply_port
from sipcheck.errors import ParseError, Unreadable
from sipcheck.message.builder import build_response
from sipcheck.message.message import Request
from sipcheck.message.parser import parse
from sipcheck.message.uri import SipUri
from sipcheck.target import HostPort

# Whoever knows the users may send as he likes.
_MOST_HEARD = 100


@dataclass(frozen=True, slots=True)
class HeardCall:
    """An INVITE for one of the users; `source` is the address that it came from."""

    user: str
    door: str
    source: str


@dataclass(eq=False)
class RefusingDoor(asyncio.DatagramProtocol):
    """Hears INVITEs for `users` by UDP; every other message is dropped without an answer.

    A repeated INVITE gets the same answer, without memory of the first (RFC 3261 §8.2.7).
    """

    name: str
    users: Collection[str]
    tag: str
    heard: set[HeardCall] = field(default_factory=set)
    _transport: asyncio.DatagramTransport | None = field(default=None, init=False)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        request = _invite(data)
        user = None if request is None else _called(request)
        if request is None or user is None or user not in self.users or self._transport is None:
            return
        source = HostPort(address[0], address[1])
        if len(self.heard) < _MOST_HEARD:
            self.heard.add(HeardCall(user, self.name, source.host))
        try:
            refused = build_response(request, status=486, phrase="Busy Here", to_tag=self.tag, source=source)
        except ValueError:
            return  # it holds what no answer may repeat
        self._transport.sendto(refused, (source.host, reply_port(request, source)))


def _invite(data: bytes) -> Request | None:
    try:
        message = parse(data)
    except ParseError:
        return None
    if not isinstance(message, Request) or message.method != "INVITE" or message.to_tag is not None:
        return None
    return message


def _called(request: Request) -> str | None:
    try:
        return SipUri.parse(request.uri).user
    except Unreadable:
        return None
