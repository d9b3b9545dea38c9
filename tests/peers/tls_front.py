"""TLS in front of a peer that has none: what comes is handed on by TCP, as a terminator of a carrier does."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from sipcheck.carrier.authority import Authority, CertificateContents

_CHUNK_OCTETS = 65536


@dataclass(slots=True)
class TlsFront:
    """Makes a certificate for 127.0.0.1, and fronts any number of peers with it on the running loop."""

    folder: Path
    context: ssl.SSLContext = field(init=False)

    def __post_init__(self) -> None:
        authority = Authority("Front CA")
        issued = authority.issue(CertificateContents(common_name="127.0.0.1", names=("127.0.0.1",)))
        self.ca_file.write_bytes(authority.pem)
        chain, key = self.folder / "front.pem", self.folder / "front.key"
        chain.write_bytes(issued.certificate)
        key.write_bytes(issued.key)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(chain, key)

    @property
    def ca_file(self) -> Path:
        return self.folder / "front-ca.pem"

    @contextlib.asynccontextmanager
    async def before(self, port: int, at: int) -> AsyncIterator[None]:
        """Listen at `at` for the peer at `port`, both on loopback."""
        serving: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if (task := asyncio.current_task()) is not None:
                serving.add(task)
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_pour(reader, inner_writer), _pour(inner_reader, writer))

        async with await asyncio.start_server(serve, "127.0.0.1", at, ssl=self.context):
            try:
                yield
            finally:
                for task in serving:
                    task.cancel()
                await asyncio.gather(*serving, return_exceptions=True)


async def _pour(source: asyncio.StreamReader, into: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while octets := await source.read(_CHUNK_OCTETS):
            into.write(octets)
            await into.drain()
    into.close()
