"""The TLS that a practice carrier speaks.

asyncio's own TLS hangs up on a failed handshake without sending the alert that says why, which no real carrier
does; so the session is driven here.
"""

import ssl
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from sipcheck.carrier.certificates import CertificateFiles
from sipcheck.carrier.faults import Fault
from sipcheck.carrier.streams import StreamSide
from sipcheck.target import TransportName

_READ_BYTES = 65536


@dataclass(eq=False)
class TlsSide(StreamSide):
    """Answers the requests of a connection inside TLS."""

    context: ssl.SSLContext
    transport_name: ClassVar = TransportName.TLS

    def __post_init__(self) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._session = self.context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._ready = False
        self._ended = False

    def data_received(self, data: bytes) -> None:
        if self._ended:
            return
        self._incoming.write(data)
        try:
            self._progress()
        except ssl.SSLWantReadError:
            self._flush()
        except ssl.SSLError:
            # The client's close_notify, or a handshake that failed: the alert in the outgoing bytes says why.
            self._end()

    def _progress(self) -> None:
        if not self._ready:
            self._session.do_handshake()
            self._ready = True
            self._flush()
        while plain := self._session.read(_READ_BYTES):
            super().data_received(plain)
        self._end()

    def write(self, data: bytes) -> None:
        """Send inside the session."""
        if not self._ended:
            self._session.write(data)
            self._flush()

    def close(self) -> None:
        """Say farewell and close."""
        self._ended = True
        try:
            self._session.unwrap()
        except ssl.SSLError:
            self._flush()
        super().close()

    def _end(self) -> None:
        """Send what is left and no more; a full close could reset the connection before the alert is read."""
        self._ended = True
        self._flush()
        if not self._transport.is_closing():
            self._transport.write_eof()

    def _flush(self) -> None:
        super().write(self._outgoing.read())


def server_context(files: CertificateFiles, faults: Collection[Fault]) -> ssl.SSLContext:
    """Make the server's side of TLS, as these faults have it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate_file, files.key_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996
    if Fault.CLIENT_CERTIFICATE in faults:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(files.ca_file)
    if Fault.OLD_TLS in faults:
        with warnings.catch_warnings():
            # Python warns of the old versions, which is what this fault is about.
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1_1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        # OpenSSL 3 keeps the signatures of TLS 1.1 below its default security level.
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context
