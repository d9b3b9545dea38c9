"""TCP beside UDP: the way for requests that are too large for a datagram (RFC 3261 §18.1.1)."""

import asyncio
from collections.abc import Awaitable, Callable

from sipcheck.errors import TransportFailed
from sipcheck.report.trace import Trace
from sipcheck.transaction.time_plan import TimePlan
from sipcheck.transport.channel import Channel

# §18.1.1: the limit while the path's MTU is not known, and nobody tells us what it is.
MAX_DATAGRAM_BYTES = 1300

# Opens TCP to the edge's own address and port by a moment on the event loop's clock. Raises TransportFailed.
OpenTcp = Callable[[float], Awaitable[Channel]]


class LargeRequests:
    """One TCP connection to an edge of UDP, opened when the first large request needs it, closed by `close()`."""

    transport = "TCP"

    def __init__(
        self, name: str, open_tcp: OpenTcp, *, trace: Trace, plan: TimePlan, deadline: float
    ) -> None:
        self.name = name
        self._open_tcp = open_tcp
        self._trace = trace
        self._plan = plan
        self._deadline = deadline
        self._channel: Channel | None = None
        self._no_way = False
        self._opening = asyncio.Lock()

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
                self._trace.event(self.name, f"{method} is {size}: it goes by TCP (RFC 3261 §18.1.1)")
            return self._channel

    async def close(self) -> None:
        if self._channel is not None:
            await self._channel.close()

    async def _open(self) -> None:
        await self.close()
        self._channel = None
        now = asyncio.get_running_loop().time()
        # Half of what is left at most: a datagram in TCP's stead has to be answered in the other half.
        allowed_seconds = min(self._plan.connect_seconds, max(0.0, self._deadline - now) / 2)
        try:
            self._channel = await self._open_tcp(now + allowed_seconds)
        except TransportFailed as error:
            self._no_way = True
            self._trace.event(
                self.name, f"no TCP for a large request, so it goes by UDP: {error.failure.detail}"
            )
