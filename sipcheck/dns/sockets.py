"""The sockets of DNS questions: they close whenever their question is given up, and hand on no more than is used."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import dns.asyncbackend
import dns.exception

from sipcheck.dns.bounded_answer import MessageUnreadable, bound_message

# As much of an unreadable message as dnspython gets to see, to say what is wrong with it (RFC 1035 §4.2.1).
_UNREADABLE_OCTETS = 512


class QuestionSockets:
    """dnspython's way to asyncio for one question, without the sockets that it loses.

    Of a question that is cancelled while its datagram socket is opened, or when its connection has just been, neither
    dnspython nor the loop closes it; uvloop's may then never end. `left_aside` counts the records of the last answer
    that were not read.
    """

    def __init__(self) -> None:
        self._backend: Any = dns.asyncbackend.get_backend("asyncio")
        self.left_aside = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    async def make_socket(self, af: int, socktype: int, *given: Any, **named: Any) -> Any:
        opening = asyncio.ensure_future(self._backend.make_socket(af, socktype, *given, **named))
        wrapper = _Datagrams if socktype == socket.SOCK_DGRAM else _Stream
        try:
            return wrapper(await asyncio.shield(opening), self._bound)
        except asyncio.CancelledError:
            if wrapper is _Stream:
                # A datagram socket is there within a few turns of the loop; a connection might not be for long.
                opening.cancel()
            await asyncio.wait([opening])
            if not opening.cancelled() and opening.exception() is None:
                await opening.result().close()
            raise

    def _bound(self, message: bytes) -> bytes:
        try:
            bounded = bound_message(message)
        except MessageUnreadable:
            return message[:_UNREADABLE_OCTETS]
        self.left_aside = bounded.left_aside
        return bounded.wire


class _Wrapped:
    """A socket of dnspython's, whose messages pass through `bound`."""

    def __init__(self, wrapped: Any, bound: Callable[[bytes], bytes]) -> None:
        self._wrapped = wrapped
        self._bound = bound

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._wrapped.close()


class _Datagrams(_Wrapped):
    async def recvfrom(self, size: int, timeout: float | None) -> tuple[bytes, Any]:
        message, source = await self._wrapped.recvfrom(size, timeout)
        return self._bound(message), source


class _Stream(_Wrapped):
    """Hands on one message and its length (RFC 1035 §4.2.2), once it is there as a whole."""

    _ready = b""

    async def recv(self, size: int, timeout: float | None) -> bytes:
        if not self._ready:
            try:
                async with asyncio.timeout(timeout):
                    message = self._bound(await self._message())
            except EOFError:
                return b""
            except TimeoutError as error:
                raise dns.exception.Timeout from error
            self._ready = len(message).to_bytes(2) + message
        part, self._ready = self._ready[:size], self._ready[size:]
        return part

    async def _message(self) -> bytes:
        return await self._exactly(int.from_bytes(await self._exactly(2)))

    async def _exactly(self, count: int) -> bytes:
        parts = []
        while count:
            part: bytes = await self._wrapped.recv(count, None)
            if not part:
                raise EOFError
            parts.append(part)
            count -= len(part)
        return b"".join(parts)
