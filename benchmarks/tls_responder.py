"""A carrier that answers SIP over TLS 1.3. A process of its own, given a certificate and a key. Prints its port."""

import argparse
import asyncio
import ssl
import sys
from typing import cast

import uvloop

from benchmarks.sip_answer import answer

_BACKLOG = 1024
_END = b"\r\n\r\n"


class Conversation(asyncio.Protocol):
    """One connection: whole requests without a body are answered as they come."""

    def __init__(self) -> None:
        self._pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._source: tuple[str, int] = transport.get_extra_info("peername")

    def data_received(self, data: bytes) -> None:
        *requests, self._pending = (self._pending + data).split(_END)
        for request in requests:
            self._transport.write(answer(request + b"\r\n", self._source))


async def serve(context: ssl.SSLContext) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Conversation, "127.0.0.1", 0, ssl=context, backlog=_BACKLOG)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("certificate")
    parser.add_argument("key")
    arguments = parser.parse_args()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(arguments.certificate, arguments.key)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(context))


if __name__ == "__main__":
    main()
