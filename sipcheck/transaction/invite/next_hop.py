"""Where requests of a dialog go: what the peer names in Contact and Record-Route, judged like any other input.

RFC 3261 §12.2.1.1 and RFC 3263 say where; the guard says whether. What is refused, not found or not reached leaves the
edge that answered, which brought the call and can end it.
"""

import asyncio
from dataclasses import dataclass, field

from sipcheck.dns.route import Edge
from sipcheck.errors import TransportFailed, Unreadable
from sipcheck.failure import Failure
from sipcheck.host import is_address, read_host, read_ipv6
from sipcheck.message.uri import SipUri
from sipcheck.target import Target, TransportName
from sipcheck.transaction.invite.leg import Way
from sipcheck.transaction.run_context import RunContext

# For the name and the connection together: an ACK is waited for, and the edge that answered is there.
NEXT_HOP_SECONDS = 2.0


@dataclass(slots=True)
class NextHops:
    """Of one call; what it opens is closed by `close()`."""

    run: RunContext
    _opened: list[Way] = field(default_factory=list)

    async def way_to(self, hop: SipUri | None, answered: Way) -> Way:
        """Give the way to a dialog's next hop, or that by which its answer came."""
        if hop is None or self.run.resolver is None:
            self._note(answered, "what the peer names as its Contact or Record-Route cannot be read")
            return answered
        try:
            async with asyncio.timeout(NEXT_HOP_SECONDS):
                return await self._found(hop, answered)
        except (TimeoutError, TransportFailed, Unreadable) as error:
            self._note(answered, f"{hop.host}, which the peer names, is not used: {_why(error)}")
            return answered

    async def close(self) -> None:
        for way in self._opened:
            await way.channel.close()
        self._opened.clear()

    async def _found(self, hop: SipUri, answered: Way) -> Way:
        edge = await self._edge(hop, answered)
        if _is_at(answered, edge):
            return answered
        for way in self._opened:
            if _is_at(way, edge) and way.channel.usable:
                return way
        deadline_at = asyncio.get_running_loop().time() + NEXT_HOP_SECONDS
        channel = await self.run.open_channel(edge, hop.host, deadline_at)
        way = Way(channel, edge.transport, answered.edge)
        self._opened.append(way)
        self._note(answered, f"what follows goes to {edge}, which the peer names")
        return way

    async def _edge(self, hop: SipUri, answered: Way) -> Edge:
        """Resolve and judge it."""
        if self.run.resolver is None or self.run.guard is None:
            raise RuntimeError("a call needs a resolver and a guard")
        named = hop.params.get("maddr") or hop.host
        # In its one normal form, so that the guard judges what would be dialled.
        host = read_ipv6(named) if ":" in named else read_host(named)
        transport = _transport_of(hop, answered)
        if is_address(host):
            edge = Edge(host, host, hop.port or transport.default_port, transport)
            refusal = self.run.guard.judge(edge.address, edge.port)
            if refusal is not None:
                raise TransportFailed(refusal)
            return edge
        target = Target(host, hop.port, transport)
        route = await self.run.resolver.resolve(target, timeout_seconds=NEXT_HOP_SECONDS)
        failure: Failure | None = route.failure or route.refusal(self.run.guard)
        if failure is not None:
            raise TransportFailed(failure)
        return next((each for each in route.edges if _is_at(answered, each)), route.edges[0])

    def _note(self, answered: Way, text: str) -> None:
        self.run.trace.event(answered.edge, text)


def _why(error: Exception) -> str:
    if isinstance(error, TransportFailed):
        return error.failure.detail
    return "it cannot be read" if isinstance(error, Unreadable) else "no answer in time"


def _transport_of(hop: SipUri, answered: Way) -> TransportName:
    """What it names, else UDP (RFC 3263 §4.1); what came by TLS does not go on in the clear."""
    if hop.secure or (answered.transport is TransportName.TLS and "transport" not in hop.params):
        return TransportName.TLS
    named = (hop.params.get("transport") or "").lower()
    if named in list(TransportName):
        return TransportName(named)
    remote = answered.channel.remote
    at_home = hop.host == remote.host and hop.port in (None, remote.port)
    return answered.transport if at_home else TransportName.UDP


def _is_at(way: Way, edge: Edge) -> bool:
    remote = way.channel.remote
    return (remote.host, remote.port, way.transport) == (edge.address, edge.port, edge.transport)
