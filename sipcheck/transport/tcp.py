"""TCP: a connection of its own for each edge."""

from sipcheck.target import HostPort
from sipcheck.transport.stream import Conversation, StreamChannel
from sipcheck.transport.stream_socket import StreamSocket


async def connect_tcp(
    remote: HostPort, *, deadline_at: float, source_address: str | None = None
) -> StreamChannel:
    """Open a connection to `remote` by `deadline_at` on the event loop's clock; raises TransportFailed."""
    conversation = Conversation(remote)
    await conversation.open(StreamSocket(remote, source_address, conversation), deadline_at)
    return StreamChannel(conversation, remote)
