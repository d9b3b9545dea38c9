"""TLS in front of a peer that has none: what comes is handed on by TCP, as a terminator of a carrier does."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from sipcheck.carrier.authority import Authority, CertificateContents
from tests.peers.asyncio_server import serving

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

        async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
            with contextlib.closing(inner_writer):
                await asyncio.gather(_pour(reader, inner_writer), _pour(inner_reader, writer))

        async with serving(hand_on, port=at, context=self.context):
            yield


async def _pour(source: asyncio.StreamReader, into: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while octets := await source.read(_CHUNK_OCTETS):
            into.write(octets)
            await into.drain()
    into.close()
