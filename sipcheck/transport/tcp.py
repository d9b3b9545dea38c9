"""TCP: a connection of its own for each edge."""

import asyncio

from sipcheck.target import HostPort
from sipcheck.transport.stream import StreamChannel, StreamProtocol, connect_socket


async def connect_tcp(
    remote: HostPort, *, deadline_at: float, source_address: str | None = None
) -> StreamChannel:
    """Open a connection to `remote` by `deadline_at` on the event loop's clock; raises TransportFailed."""
    connection = await connect_socket(remote, source_address, deadline_at)
    try:
        _, protocol = await asyncio.get_running_loop().create_connection(
            lambda: StreamProtocol(remote), sock=connection
        )
    except BaseException:
        connection.close()
        raise
    return StreamChannel(protocol, remote)
