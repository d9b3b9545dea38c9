"""The sockets of DNS questions, which close whenever their question is given up."""

import asyncio
import socket
from typing import Any

import dns.asyncbackend


class ClosingBackend:
    """dnspython's way to asyncio, but for the datagram socket that it loses.

    Of a question that is cancelled while its socket is opened, neither dnspython nor the loop closes it; uvloop's
    may then never end.
    """

    def __init__(self) -> None:
        self._backend: Any = dns.asyncbackend.get_backend("asyncio")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    async def make_socket(self, af: int, socktype: int, *given: Any, **named: Any) -> Any:
        opening = asyncio.ensure_future(self._backend.make_socket(af, socktype, *given, **named))
        if socktype != socket.SOCK_DGRAM:
            # A connection that is being opened is closed by the loop, and might not be there for long.
            return await opening
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # No packet is waited for: a few turns of the loop.
            await asyncio.wait([opening])
            if opening.exception() is None:
                await opening.result().close()
            raise
