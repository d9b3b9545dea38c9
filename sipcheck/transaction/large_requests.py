"""TCP beside UDP: the way for requests that are too large for a datagram (RFC 3261 §18.1.1)."""

import asyncio
from dataclasses import dataclass, field, replace

from sipcheck.dns.route import Edge
from sipcheck.errors import TransportFailed
from sipcheck.target import TransportName
from sipcheck.transaction.request_template import MAX_DATAGRAM_BYTES
from sipcheck.transaction.run_context import RunContext
from sipcheck.transport.channel import Channel


@dataclass(slots=True)
class LargeRequests:
    """One TCP connection beside UDP, opened when the first large request needs it, closed by `close()`.

    It leads to the address and port of the UDP edge, which the guard has judged.
    """

    beside: Edge
    tls_name: str
    run: RunContext
    _channel: Channel | None = None
    _no_way: bool = False
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def edge(self) -> Edge:
        return replace(self.beside, transport=TransportName.TCP)

    async def channel(self, method: str, size_bytes: int) -> Channel | None:
        """Give the connection for a request of this size; None where it has to go by UDP after all (§18.1.1).

        The RFC tries UDP after a refusal. Here silence leads there too: many carriers drop what comes by TCP.
        """
        async with self._opening:
            if self._no_way:
                return None
            if self._channel is None or not self._channel.usable:
                await self._open()
            if self._channel is not None:
                size = f"{size_bytes} bytes, more than {MAX_DATAGRAM_BYTES}"
                self.run.trace.event(str(self.edge), f"{method} is {size}: it goes by TCP (RFC 3261 §18.1.1)")
            return self._channel

    async def close(self) -> None:
        if self._channel is not None:
            await self._channel.close()

    async def _open(self) -> None:
        await self.close()
        self._channel = None
        now = asyncio.get_running_loop().time()
        # Half of what is left at most: a datagram in TCP's stead has to be answered in the other half.
        allowed_seconds = min(self.run.plan.connect_seconds, max(0.0, self.run.deadline - now) / 2)
        try:
            self._channel = await self.run.open_channel(self.edge, self.tls_name, now + allowed_seconds)
        except TransportFailed as error:
            self._no_way = True
            detail = f"no TCP for a large request, so it goes by UDP: {error.failure.detail}"
            self.run.trace.event(str(self.edge), detail)
