"""The client's side of TLS, by OpenSSL through ssl.MemoryBIO, on one TCP connection.

asyncio's own TLS holds 256 KiB for each connection, reads every certificate into a dictionary that nobody asks
for, and hangs up on a certificate it refuses without the alert that says so. Here a session holds what OpenSSL
holds, and all sessions of a thread decrypt into one buffer.
"""

import contextlib
import ssl
from dataclasses import dataclass, field
from typing import cast

from sipcheck.target import HostPort
from sipcheck.transport.failures import from_error
from sipcheck.transport.stream import StreamChannel
from sipcheck.transport.stream_socket import StreamSocket, ThreadBuffer

_RECORD_BYTES = 16 * 1024  # what one record carries at most (RFC 8446 §5.1)

_FIRST_BYTES = 64  # what tells an alert, or a protocol that is none of TLS

# A MemoryBIO never gives back what it once took: fed in pieces it stays small.
_FED_BYTES = 4 * 1024


_decrypted = ThreadBuffer(_RECORD_BYTES)


@dataclass(slots=True, eq=False, repr=False)
class TlsSession:
    """A TLS connection that carries one channel; `server_name` is the SNI, null for none.

    `certificate` is what the peer presented, as DER; it, `version` and `cipher` are null before the handshake.
    Raises TransportFailed for what the system refuses at once, ValueError for a name that SNI cannot carry.
    """

    remote: HostPort
    source_address: str | None
    context: ssl.SSLContext
    server_name: str | None
    channel: StreamChannel
    certificate: bytes | None = None
    version: str | None = None
    cipher: str | None = None
    _incoming: ssl.MemoryBIO = field(default_factory=ssl.MemoryBIO)
    _outgoing: ssl.MemoryBIO = field(default_factory=ssl.MemoryBIO)
    _session: ssl.SSLObject | None = field(init=False)
    _socket: StreamSocket = field(init=False)
    _connected: bool = False
    _established: bool = False
    _first: bytes = b""
    _unwritten: bytes = b""

    def __post_init__(self) -> None:
        self._session = self.context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=self.server_name
        )
        self._socket = StreamSocket(self.remote, self.source_address, self)

    @property
    def local(self) -> HostPort:
        return self._socket.local

    def connected(self) -> None:
        self._connected = True
        self._progress()

    def bytes_received(self, data: memoryview) -> None:
        if not self._established and len(self._first) < _FIRST_BYTES:
            self._first += data[: _FIRST_BYTES - len(self._first)]
        for start in range(0, len(data), _FED_BYTES):
            if self._session is not None:
                self._incoming.write(data[start : start + _FED_BYTES])
                self._progress()

    def ended(self, error: OSError | None) -> None:
        self._end(error)

    def write(self, data: bytes) -> None:
        """Send inside the session; what a renegotiation holds up leaves after it."""
        self._unwritten += data
        self._progress()

    def break_off(self, error: OSError | None) -> None:
        """Close at once, and give the channel the reason."""
        self._socket.break_off(error)

    def abort(self) -> None:
        """Close at once, without a farewell; the channel does not learn of it."""
        self._session = None
        self._socket.abort()

    async def gone(self) -> None:
        """Wait until the connection has ended."""
        await self._socket.gone()

    async def close(self) -> None:
        """Say farewell (RFC 8446 §6.1) and close; the peer's farewell is not waited for long."""
        if self._session is None or not self._established:
            self.abort()
            return
        self._say_farewell(self._session)
        self._session = None
        await self._socket.close(await_peer=True)

    def _progress(self) -> None:
        """Take in what has come, and let out what that calls for and what is ours to say."""
        session = self._session
        if session is None:
            return
        try:
            if not self._established:
                self._shake_hands(session)
            self._decrypt(session)
            self._encrypt(session)
        except ssl.SSLWantReadError:
            pass  # the peer has its turn
        except ssl.SSLError as error:
            # Our alert, where the fault is the peer's, is in what is still to be sent.
            self._flush()
            self._end(error)
            return
        self._flush()

    def _shake_hands(self, session: ssl.SSLObject) -> None:
        session.do_handshake()
        # Kept, since the peer may end the session before anybody asks.
        self.certificate = session.getpeercert(binary_form=True)
        self.version = session.version()
        cipher = session.cipher()
        self.cipher = cipher[0] if cipher else None
        self._established = True
        self._flush()
        self.channel.connected()

    def _decrypt(self, session: ssl.SSLObject) -> None:
        """Hand on what can be read, many small records at once."""
        plain = _decrypted.bytes
        while self._session is not None and (self._incoming.pending or session.pending()):
            held = 0
            count = 1
            try:
                while count and held < _RECORD_BYTES and (self._incoming.pending or session.pending()):
                    # With a buffer given it returns a number.
                    count = cast(int, session.read(_RECORD_BYTES - held, plain[held:]))
                    held += count
            except ssl.SSLWantReadError:
                pass  # half a record, or one of the protocol's own
            finally:
                if held:
                    self.channel.bytes_received(plain[:held])
            if not count:
                self._answer_farewell(session)

    def _encrypt(self, session: ssl.SSLObject) -> None:
        while self._unwritten and self._session is not None:
            self._unwritten = self._unwritten[session.write(self._unwritten) :]
            self._flush()

    def _answer_farewell(self, session: ssl.SSLObject) -> None:
        self._say_farewell(session)
        self._end(None)

    def _say_farewell(self, session: ssl.SSLObject) -> None:
        # It raises because the peer's own farewell has not come yet, or has long come.
        with contextlib.suppress(ssl.SSLError):
            session.unwrap()
        self._flush()

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._socket.write(self._outgoing.read())

    def _end(self, error: OSError | None) -> None:
        if self._session is None:
            return
        self.abort()
        if self._established:
            self.channel.ended(error)
        else:
            failure = from_error(
                error or ConnectionResetError(), during_handshake=self._connected, first=self._first
            )
            self.channel.fail(failure)
