"""TCP: a connection of its own for each edge."""

from sipcheck.target import HostPort
from sipcheck.transport.stream import StreamChannel
from sipcheck.transport.stream_socket import StreamSocket


async def connect_tcp(
    remote: HostPort, *, deadline_at: float, source_address: str | None = None
) -> StreamChannel:
    """Open a connection to `remote` by `deadline_at` on the event loop's clock; raises TransportFailed."""
    channel = StreamChannel(remote)
    await channel.open(StreamSocket(remote, source_address, channel), deadline_at)
    return channel
