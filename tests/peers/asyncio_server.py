"""A server on the test's own loop that leaves nothing open: its conversations end with it, begun or not."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Converse = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(
    converse: Converse, *, port: int = 0, context: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Listen on 127.0.0.1 and give the port; what a conversation raises, beyond a connection lost, is raised here.

    `asyncio.start_server` begins a conversation a turn of the loop after its connection, and forgets both: one that
    came at the last moment would be cancelled before it could close anything.
    """
    writers, conversations = list[asyncio.StreamWriter](), list[asyncio.Task[None]]()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await converse(reader, writer)

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        conversations.append(asyncio.ensure_future(talk(reader, writer)))

    server = await asyncio.start_server(connected, "127.0.0.1", port, ssl=context)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await asyncio.sleep(0)  # whoever was taken in this turn of the loop is connected in the next
        for conversation in conversations:
            conversation.cancel()
        ends = await asyncio.gather(*conversations, return_exceptions=True)
        for writer in writers:
            # A TLS transport that was closed twice, by the client's end and by ours, has nothing to abort, and says so
            # in this way before 3.11.4.
            with suppress(AttributeError):
                writer.transport.abort()
        await asyncio.sleep(0)  # in which they are closed
        for end in ends:
            if isinstance(end, Exception):
                raise end
