"""The way of a call's requests: a socket over UDP, TCP or TLS, read message by message."""

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.peers.livekit.sip_status import failed
from tests.peers.ports import family_of
from tests.peers.sip_reply import split_message

_CONNECT_WITHIN_SECONDS = 5.0
_OCTETS = 65535


@dataclass(frozen=True, slots=True)
class TlsTrust:
    """What LiveKit trusts. With a `tls:` section of its own the SIP service looks at the chain alone."""

    ca_file: Path | None = None
    has_tls_section: bool = False

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca_file)
        context.hostname_checks_common_name = False
        context.check_hostname = not self.has_tls_section
        return context


class Leg:
    """One socket to one place."""

    def __init__(self, transport: str, connected: socket.socket, place: tuple[str, int]) -> None:
        self.transport = transport
        self.place = place
        self._socket = connected
        self._buffer = b""

    @property
    def local(self) -> tuple[str, int]:
        """Where answers come to."""
        host, port = self._socket.getsockname()[:2]
        return host, port

    def send(self, message: str, place: tuple[str, int] | None = None) -> None:
        """Send, over UDP also to another place. Raises Refusal where the system does not let it go."""
        try:
            if self.transport == "UDP":
                self._socket.sendto(message.encode(), place or self.place)
            else:
                self._socket.sendall(message.encode())
        except OSError as error:
            raise failed(f"transport<{self.transport}> write err={error}") from error

    def messages(self, until: float) -> Iterator[str]:
        """Give what comes until a moment of time.monotonic(), or until the peer closes."""
        while (remaining := until - time.monotonic()) > 0:
            self._socket.settimeout(remaining)
            try:
                data = self._socket.recv(_OCTETS)
            except TimeoutError:
                return
            if self.transport == "UDP":
                yield data.decode()
                continue
            if not data:
                return
            self._buffer += data
            while (taken := split_message(self._buffer)) is not None:
                message, self._buffer = taken
                yield message.decode()

    def close(self) -> None:
        self._socket.close()


@dataclass(frozen=True, slots=True)
class Node:
    """One of the machines that calls leave from: does it heed a Route, do its calls get out, and from where."""

    heeds_route: bool = True
    gets_out: bool = True
    address: str = "127.0.0.1"


# Nobody answers there.
NOWHERE = ("127.0.0.1", 9)


def open_leg(
    transport: str, place: tuple[str, int], server_name: str, trust: TlsTrust, source: str = "127.0.0.1"
) -> Leg:
    """Open the way to a place. Raises Refusal."""
    if transport == "UDP":
        datagrams = socket.socket(family_of(place[0]), socket.SOCK_DGRAM)
        datagrams.bind(("::1" if ":" in place[0] else source, 0))
        return Leg(transport, datagrams, place)
    try:
        connected = socket.create_connection(place, timeout=_CONNECT_WITHIN_SECONDS)
    except (OSError, OverflowError) as error:
        raise failed(f"transport<{transport}> dial err={error}") from error
    if transport == "TCP":
        return Leg(transport, connected, place)
    with contextlib.ExitStack() as stack:
        stack.callback(connected.close)
        try:
            wrapped = trust.context().wrap_socket(connected, server_hostname=server_name)
        except OSError as error:  # ssl.SSLError is one
            raise failed(f"tls: {error}") from error
        stack.pop_all()
    return Leg(transport, wrapped, place)
