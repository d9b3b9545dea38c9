"""One TCP connection, read and written through the loop's callbacks.

asyncio's own stream transport asks for 256 KiB a read, and its TLS holds as much for each connection. Here all
connections of a thread share one buffer: a read and what is made of it are one step of the loop.
"""

import asyncio
import os
import socket
import threading
from dataclasses import dataclass, field
from typing import Protocol

from sipcheck.egress import address_family
from sipcheck.errors import TransportFailed
from sipcheck.target import HostPort
from sipcheck.transport.failures import from_error

_READ_BYTES = 16 * 1024  # as much as one TLS record carries (RFC 8446 §5.1)
_READS_A_WAKE_UP = 2  # so that a flood does not starve the timers
_CLOSE_SECONDS = 0.25


class ByteReceiver(Protocol):
    """Takes what a connection receives. Calls come from the event loop and must not block."""

    def connected(self) -> None:
        """The peer has accepted the connection."""

    def bytes_received(self, data: memoryview) -> None:
        """Take some bytes; the memory belongs to all connections and is overwritten after the call."""

    def ended(self, error: OSError | None) -> None:
        """The peer has ended the connection, or what broke it off; nothing follows."""


class ThreadBuffer(threading.local):
    """A buffer for each thread: whoever fills it lets other threads, and their loops, go on."""

    def __init__(self, size_bytes: int) -> None:
        self.bytes = memoryview(bytearray(size_bytes))


_received = ThreadBuffer(_READ_BYTES)


@dataclass(slots=True, eq=False, repr=False)
class StreamSocket:
    """Connects at once in a running loop, and is closed by `close()`, `abort()` or the peer.

    Raises TransportFailed for what the system refuses without asking the peer.
    """

    remote: HostPort
    source_address: str | None
    receiver: ByteReceiver
    # Our own address on this connection; it is known once connected, and kept when the connection has ended.
    local: HostPort = HostPort("", None)
    _loop: asyncio.AbstractEventLoop = field(init=False, default_factory=asyncio.get_running_loop)
    _unsent: bytearray | None = None
    _gone: asyncio.Future[None] | None = None
    _read_again: bool = False
    _closing: bool = False
    _awaits_peer: bool = False
    _socket: socket.socket | None = field(init=False)
    _file_number: int = field(init=False)

    def __post_init__(self) -> None:
        try:
            connection = _connecting(self.remote, self.source_address)
        except OSError as error:
            raise TransportFailed(from_error(error)) from error
        self._socket = connection
        self._file_number = connection.fileno()
        self._loop.add_writer(self._file_number, self._settled)

    def write(self, data: bytes) -> None:
        """Send, or keep for as long as the peer takes no more; on a connection that has ended it does nothing."""
        if self._socket is None:
            return
        if self._unsent is not None:
            self._unsent += data
            return
        try:
            sent = self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            self._loop.call_soon(self._refused, error)
            return
        if sent < len(data):
            self._unsent = bytearray(data[sent:])
            self._loop.add_writer(self._file_number, self._writable)

    async def close(self, *, await_peer: bool = False) -> None:
        """Close once everything is sent, and with `await_peer` once the peer has closed; neither takes long."""
        if self._socket is None:
            return
        timer = self._loop.call_later(_CLOSE_SECONDS, self.abort)
        self._closing, self._awaits_peer = True, await_peer
        if self._unsent is None:
            self._all_sent()
        try:
            await self.gone()
        except asyncio.CancelledError:
            self.abort()
            raise
        finally:
            timer.cancel()

    async def gone(self) -> None:
        """Wait until the connection has ended."""
        if self._socket is None:
            return
        if self._gone is None:
            self._gone = self._loop.create_future()
        await asyncio.shield(self._gone)

    def abort(self) -> None:
        """Close at once; the receiver does not learn of it."""
        connection, self._socket = self._socket, None
        if connection is None:
            return
        self._loop.remove_reader(self._file_number)
        self._loop.remove_writer(self._file_number)
        connection.close()
        self._unsent = None
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(None)

    def break_off(self, error: OSError | None) -> None:
        """Close at once, and give the receiver the reason."""
        if self._socket is not None:
            self.abort()
            self.receiver.ended(error)

    def _settled(self) -> None:
        """The system has connected, or knows why it cannot."""
        if self._socket is None:
            return
        number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            self.break_off(OSError(number, os.strerror(number)))
            return
        try:
            self._socket.getpeername()
        except OSError as error:
            self._not_connected(self._socket, error)
            return
        self._loop.add_reader(self._file_number, self._readable)
        self._loop.remove_writer(self._file_number)
        name = self._socket.getsockname()
        self.local = HostPort(name[0].partition("%")[0], name[1])
        self.receiver.connected()

    def _not_connected(self, attempt: socket.socket, error: OSError) -> None:
        """There is no connection and no error: the system still tries, or has told the error to somebody else."""
        try:
            attempt.recv(1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as told:
            error = told
        self.break_off(error)

    def _readable(self) -> None:
        """Read until there is no more: uvloop tells only once of a connection that broke behind its last bytes."""
        self._read_again = False
        buffer = _received.bytes
        for _ in range(_READS_A_WAKE_UP):
            if self._socket is None:
                return
            try:
                count = self._socket.recv_into(buffer)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self.break_off(error)
                return
            if not count:
                self.break_off(None)
                return
            self.receiver.bytes_received(buffer[:count])
        if self._socket is not None and not self._read_again:
            self._read_again = True
            self._loop.call_soon(self._readable)

    def _writable(self) -> None:
        if self._socket is None or self._unsent is None:
            return
        try:
            sent = self._socket.send(self._unsent)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._refused(error)
            return
        del self._unsent[:sent]
        if not self._unsent:
            self._unsent = None
            self._loop.remove_writer(self._file_number)
            self._all_sent()

    def _all_sent(self) -> None:
        if not self._closing or self._socket is None:
            return
        if not self._awaits_peer:
            self.abort()
            return
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            # The peer has reset the connection in the meantime: there is nothing left to wait for.
            self.abort()

    def _refused(self, error: OSError) -> None:
        """Read what the peer said before it hung up: it says more than a broken pipe."""
        self._readable()
        self.break_off(error)


def _connecting(remote: HostPort, source_address: str | None) -> socket.socket:
    """Start to connect to a judged literal. Raises OSError."""
    connection = socket.socket(address_family(remote.host), socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source_address is not None:
            connection.bind((source_address, 0))
        connection.connect((remote.host, remote.port))
    except BlockingIOError:
        return connection
    except BaseException:
        connection.close()
        raise
    return connection
