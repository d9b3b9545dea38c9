"""A peer on TLS or TCP for what Kamailio cannot do: old versions, client certificates, no TLS at all."""

import contextlib
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from tests.peers.certificates import Certificate
from tests.peers.ports import family_of, free_port
from tests.peers.sip_reply import reply_to, split_message

_JOIN_SECONDS = 5.0
_POLL_SECONDS = 0.01
_READ_OCTETS = 65535


class Behaviour(StrEnum):
    """What the peer does with a connection."""

    SIP = "sip"  # over TLS with a certificate, over TCP without
    PLAIN_SIP = "plain-sip"  # SIP over TCP where TLS is expected: answers the first bytes with a 400
    PLAIN_HTTP = "plain-http"  # answers the first bytes as a web server without TLS does
    PLAIN_SSH = "plain-ssh"  # sends its banner first
    CLOSING = "closing"  # closes at the first bytes of the handshake
    SILENT = "silent"  # takes the connection and never says anything


_FIRST_ANSWERS = {
    Behaviour.PLAIN_SIP: b"SIP/2.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    Behaviour.PLAIN_HTTP: b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    Behaviour.CLOSING: b"",
}
_SSH_BANNER = b"SSH-2.0-OpenSSH_9.2\r\n"


@dataclass(slots=True)
class Connection:
    """What became of one connection; application_bytes came after the handshake, or over plain TCP SIP."""

    server_name: str | None = None
    tls_version: str | None = None  # set when the handshake finished
    client_certificate: bool = False
    application_bytes: bytes = b""
    foreign_bytes: bytes = b""  # what came to a peer that speaks something else
    error: str | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsServerSettings:
    """What a test chooses.

    client_ca_file set means that a client certificate is required. The script gives the chunks to send for
    each request, as slowly as it likes; an empty chunk closes the connection.
    """

    certificate: Certificate | None = None
    behaviour: Behaviour = Behaviour.SIP
    minimum_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    maximum_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    client_ca_file: Path | None = None
    weak_key_allowed: bool = False
    address: str = "127.0.0.1"
    port: int | None = None
    script: Callable[[bytes], Iterable[bytes]] = lambda request: [reply_to(request)]


class TlsServer:
    """Listen on loopback in threads of its own and record every connection."""

    def __init__(self, settings: TlsServerSettings) -> None:
        self.settings = settings
        self.address = settings.address
        self.port = settings.port or free_port(settings.address)
        self.connections: list[Connection] = []
        self._listener = socket.create_server((self.address, self.port), family=family_of(self.address))
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, name="tls-server", daemon=True)]
        self._error: Exception | None = None

    def start(self) -> None:
        self._threads[0].start()

    def end(self) -> None:
        """Close every connection and raise what the script raised, if it did."""
        # Closing alone does not wake a thread that waits in accept() or recv(); shutting down does.
        with contextlib.suppress(OSError):  # ended before
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(_JOIN_SECONDS)
        self._listener.close()
        for connected in self._sockets:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connected, socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join(_JOIN_SECONDS)
        error, self._error = self._error, None
        if error is not None:
            raise error

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def wait_for_ended(self, count: int, *, within_seconds: float = 5.0) -> list[Connection]:
        """Wait until this many connections came and ended, so that what they carried is settled.

        Raises TimeoutError.
        """
        deadline = time.monotonic() + within_seconds
        while sum(connection.ended for connection in self.connections) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"fewer than {count} ended connections: {self.connections}")
            time.sleep(_POLL_SECONDS)
        return self.connections

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:  # end() shut the listener down
                return
            connection = Connection()
            self.connections.append(connection)
            self._sockets.append(connected)
            thread = threading.Thread(target=self._serve, args=(connected, connection), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connected: socket.socket, connection: Connection) -> None:
        try:
            with connected:
                self._converse(connected, connection)
        except OSError as error:  # ssl.SSLError is one
            connection.error = str(error)
        except Exception as error:  # noqa: BLE001  (a thread's border: end() raises it in the test)
            self._error = error
        finally:
            connection.ended = True

    def _converse(self, connected: socket.socket, connection: Connection) -> None:
        if self.settings.behaviour is not Behaviour.SIP:
            self._speak_something_else(connected, connection)
        elif self.settings.certificate is None:
            self._answer(connected, connection)
        else:
            context = _make_context(self.settings, self.settings.certificate, connection)
            # Of one that is gone already wrap_socket makes another socket that nobody closes.
            connected.getpeername()
            wrapped = context.wrap_socket(connected, server_side=True, do_handshake_on_connect=False)
            self._sockets.append(wrapped)
            with wrapped:
                wrapped.do_handshake()
                connection.tls_version = wrapped.version()
                connection.client_certificate = wrapped.getpeercert(binary_form=True) is not None
                self._answer(wrapped, connection)

    def _speak_something_else(self, connected: socket.socket, connection: Connection) -> None:
        if self.settings.behaviour is Behaviour.PLAIN_SSH:
            connected.sendall(_SSH_BANNER)
        while data := connected.recv(_READ_OCTETS):
            connection.foreign_bytes += data
            if self.settings.behaviour in _FIRST_ANSWERS:
                connected.sendall(_FIRST_ANSWERS[self.settings.behaviour])
                return

    def _answer(self, connected: socket.socket, connection: Connection) -> None:
        buffer = b""
        while data := connected.recv(_READ_OCTETS):
            connection.application_bytes += data
            buffer = (buffer + data).lstrip(b"\r\n")  # keep-alives, RFC 3261 §7.5
            while (taken := split_message(buffer)) is not None:
                request, buffer = taken
                for chunk in self.settings.script(request):
                    if not chunk:
                        return
                    connected.sendall(chunk)


def _make_context(
    settings: TlsServerSettings, certificate: Certificate, connection: Connection
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if settings.weak_key_allowed:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(certificate.certificate_file, certificate.key_file)
    with warnings.catch_warnings():
        # Python warns of the old versions, which are what some tests are about.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = settings.minimum_version
        context.maximum_version = settings.maximum_version
    if settings.maximum_version < ssl.TLSVersion.TLSv1_2:
        # OpenSSL 3 keeps the signatures of TLS 1.1 below its default security level.
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    if settings.client_ca_file is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(settings.client_ca_file)

    def note_server_name(_: object, name: str | None, __: object) -> None:
        connection.server_name = name

    context.sni_callback = note_server_name
    return context
