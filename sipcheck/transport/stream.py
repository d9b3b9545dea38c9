"""What TCP and TLS share: one connection, framed by Content-Length (RFC 3261 §18.3)."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import cast

from sipcheck.errors import MalformedMessage, NotSip, TransportFailed
from sipcheck.message.framing import StreamFramer
from sipcheck.message.parser import top_branch
from sipcheck.reasons import Reason
from sipcheck.report import Certificate, Warning
from sipcheck.target import HostPort
from sipcheck.transport.channel import Receiver
from sipcheck.transport.failures import from_error

# asyncio's Protocol asks for 256 KiB a read, mapped and unmapped each time; a SIP answer is a few hundred bytes.
_READ_BUFFER_BYTES = 16 * 1024
_CLOSE_SECONDS = 0.25


Explain = Callable[[TransportFailed], Awaitable[TransportFailed]]


class StreamProtocol(asyncio.BufferedProtocol):
    """Frames what arrives and hands each message to the receiver of its branch."""

    def __init__(self, remote: HostPort) -> None:
        self._remote = remote
        self._framer = StreamFramer()
        self._buffer = bytearray(_READ_BUFFER_BYTES)
        self._receivers: dict[str, Receiver] = {}
        self._transport: asyncio.Transport | None = None
        self._failure: TransportFailed | None = None
        self.heard = False
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def failure(self) -> TransportFailed | None:
        return self._failure

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports keep the interface without the class.
        self._transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return memoryview(self._buffer)

    def buffer_updated(self, nbytes: int) -> None:
        self.heard = True
        data = bytes(self._buffer[:nbytes])
        try:
            messages = self._framer.feed(data)
        except (NotSip, MalformedMessage) as error:
            # The start of the next message can no longer be found: the connection is of no more use.
            reason = Reason.SIP_MALFORMED_RESPONSE
            if isinstance(error, NotSip):
                reason = Reason.SIP_NOT_SPOKEN
                for receiver in tuple(self._receivers.values()):
                    receiver.noise_received(data, self._remote)
            self._fail(TransportFailed(reason, str(error)))
            self._abort()
            return
        for message in messages:
            self._dispatch(message)

    def _dispatch(self, message: bytes) -> None:
        """Deliver by branch; without any it may be a broken answer, and one for another branch is not ours."""
        branch = top_branch(message)
        if branch is None:
            for receiver in tuple(self._receivers.values()):
                receiver.noise_received(message, self._remote)
        elif branch in self._receivers:
            self._receivers[branch].message_received(message, self._remote)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, OSError):
            self._fail(from_error(exc))
        elif self._framer.pending:
            self._fail(
                TransportFailed(
                    Reason.SIP_MALFORMED_RESPONSE, "the connection ended in the middle of a message"
                )
            )
        else:
            self._fail(TransportFailed(Reason.CONNECTION_RESET, "the peer closed the connection"))
        if not self.closed.done():
            self.closed.set_result(None)

    def _fail(self, failure: TransportFailed) -> None:
        if self._failure is None:
            self._failure = failure
        for receiver in tuple(self._receivers.values()):
            receiver.failed(self._failure)

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def attach(self, branch: str, receiver: Receiver) -> None:
        self._receivers[branch] = receiver

    def detach(self, branch: str) -> None:
        self._receivers.pop(branch, None)

    def write(self, data: bytes) -> None:
        if self._failure is not None:
            raise self._failure
        if self._transport is not None:
            self._transport.write(data)

    def ssl_object(self) -> ssl.SSLObject | None:
        found = self._transport.get_extra_info("ssl_object") if self._transport else None
        return found if isinstance(found, ssl.SSLObject) else None

    def socket_name(self) -> HostPort:
        if self._transport is None:
            return HostPort("", None)
        name = self._transport.get_extra_info("sockname")
        return HostPort(str(name[0]).partition("%")[0], int(name[1]))

    async def close(self) -> None:
        """Close in good order; a peer that does not answer TLS's farewell is not waited for."""
        if self._transport is None:
            return
        self._transport.close()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await asyncio.shield(self.closed)
        except TimeoutError:
            self._transport.abort()


class StreamChannel:
    """One edge over one connection of its own."""

    reliable = True

    def __init__(
        self,
        protocol: StreamProtocol,
        remote: HostPort,
        certificate: Certificate | None = None,
        warnings: tuple[Warning, ...] = (),
        explain: Explain | None = None,
    ) -> None:
        self._protocol = protocol
        self.remote = remote
        self.local = protocol.socket_name()
        self.certificate = certificate
        self.warnings = warnings
        self._explain = explain

    @property
    def usable(self) -> bool:
        return self._protocol.failure is None

    @property
    def heard(self) -> bool:
        return self._protocol.heard

    def attach(self, branch: str, receiver: Receiver) -> None:
        self._protocol.attach(branch, receiver)

    def detach(self, branch: str) -> None:
        self._protocol.detach(branch)

    def send(self, data: bytes) -> None:
        self._protocol.write(data)

    async def explain(self, failure: TransportFailed) -> TransportFailed:
        if self._explain is None or self._protocol.heard:
            return failure
        return await self._explain(failure)

    async def close(self) -> None:
        await self._protocol.close()


async def connect_socket(remote: HostPort, source_address: str | None, deadline_at: float) -> socket.socket:
    """Connect a TCP socket to the judged literal; the caller owns it.

    `deadline_at` is on the event loop's clock. Raises TransportFailed.
    """
    family = socket.AF_INET6 if ":" in remote.host else socket.AF_INET
    try:
        connection = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise from_error(error) from error
    connection.setblocking(False)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source_address is not None:
            connection.bind((source_address, 0))
        async with asyncio.timeout_at(deadline_at):
            await asyncio.get_running_loop().sock_connect(connection, (remote.host, remote.port))
    except OSError as error:
        connection.close()
        raise from_error(error) from error
    except BaseException:
        connection.close()
        raise
    return connection
