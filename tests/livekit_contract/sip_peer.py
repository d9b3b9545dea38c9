"""A carrier of the contract suite: one port for UDP and TCP, or for TLS, and what it heard in the order it came."""

import re
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self

from tests.peers.certificates import Certificate
from tests.peers.ports import family_of
from tests.peers.sip_reply import reply_to
from tests.peers.tls_server import TlsServer, TlsServerSettings
from tests.peers.udp_peer import UdpPeer

Conduct = Callable[[bytes, int], Sequence[bytes]]

_MARKER = b"settled\r\n\r\n"
_SETTLE_WITHIN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Heard:
    """A request that came, once however often it was sent."""

    transport: str
    text: str

    @property
    def method(self) -> str:
        return self.text.partition(" ")[0]

    @property
    def body(self) -> str:
        return self.text.partition("\r\n\r\n")[2]

    def header(self, name: str) -> list[str]:
        """Give the values of a header, in order."""
        return re.findall(rf"^{name}: *(.*?)\r$", self.text, re.MULTILINE | re.IGNORECASE)


class SipPeer:
    """Answer by a conduct, which is given the request and how many INVITEs came so far."""

    def __init__(
        self, name: str, address: str, port: int, conduct: Conduct, *, certificate: Certificate | None = None
    ) -> None:
        self.name, self.address, self.port = name, address, port
        self.heard: list[Heard] = []
        self.conduct = conduct
        self._certificate = certificate
        self._answered: dict[tuple[str, str], Sequence[bytes]] = {}
        self._lock = threading.Lock()
        self._settled = threading.Event()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        kind = "TCP" if self._certificate is None else "TLS"
        settings = TlsServerSettings(
            address=self.address,
            port=self.port,
            certificate=self._certificate,
            script=lambda request: self._answer(request, kind),
        )
        self._stack.enter_context(TlsServer(settings))
        if self._certificate is None:
            datagrams = UdpPeer(
                lambda request: self._answer(request, "UDP"), address=self.address, port=self.port
            )
            self._stack.enter_context(datagrams)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def settle(self) -> None:
        """Wait until what was sent over UDP before this moment has been heard. Raises TimeoutError."""
        if self._certificate is not None:
            return
        self._settled.clear()
        with socket.socket(family_of(self.address), socket.SOCK_DGRAM) as marker:
            marker.sendto(_MARKER, (self.address, self.port))
        if not self._settled.wait(_SETTLE_WITHIN_SECONDS):
            raise TimeoutError(f"nothing is heard at {self.name} any more")

    def _answer(self, request: bytes, transport: str) -> Sequence[bytes]:
        if request == _MARKER:
            self._settled.set()
            return []
        heard = Heard(transport, request.decode())
        branch = (re.findall(r"branch=([^;\r]*)", heard.text) or [""])[0]
        with self._lock:
            if (branch, heard.method) not in self._answered:
                self.heard.append(heard)
                invites = sum(each.method == "INVITE" for each in self.heard)
                self._answered[branch, heard.method] = self.conduct(request, invites)
            return self._answered[branch, heard.method]


def refusing(
    status: int = 486, phrase: str = "Busy Here", headers: Sequence[tuple[str, str]] = ()
) -> Conduct:
    """Refuse each INVITE."""

    def conduct(request: bytes, _: int) -> Sequence[bytes]:
        if request.startswith(b"INVITE"):
            return [reply_to(request, status, phrase, headers=headers)]
        return [] if request.startswith(b"ACK") else [reply_to(request)]

    return conduct


def challenging(headers: Sequence[tuple[str, str]], *, status: int = 401, times: int = 1) -> Conduct:
    """Challenge the first INVITEs with these headers, and refuse what follows with 486."""

    def conduct(request: bytes, invites: int) -> Sequence[bytes]:
        if invites > times:
            return refusing()(request, invites)
        return refusing(status, "Unauthorized", headers)(request, invites)

    return conduct


def silent(_: bytes, __: int) -> Sequence[bytes]:
    """Answer nothing."""
    return []


def ringing(request: bytes, _: int) -> Sequence[bytes]:
    """Ring, and never more; a CANCEL is answered, the INVITE then is not."""
    if request.startswith(b"INVITE"):
        return [reply_to(request, 180, "Ringing")]
    return [] if request.startswith(b"ACK") else [reply_to(request)]


def answering(body: str, *, contact: str, headers: Sequence[tuple[str, str]] = ()) -> Conduct:
    """Take the call with this SDP and this Contact."""

    def conduct(request: bytes, _: int) -> Sequence[bytes]:
        if request.startswith(b"ACK"):
            return []
        if not request.startswith(b"INVITE"):
            return [reply_to(request)]
        given = [("Contact", contact), ("Content-Type", "application/sdp"), *headers]
        return [reply_to(request, 200, "OK", headers=given, body=body.encode())]

    return conduct
