"""UDP: one socket for each address family, shared by all requests; what comes is dispatched by its branch."""

import asyncio
import re
import socket
from dataclasses import dataclass, field, replace
from typing import Protocol

from sipcheck.egress import address_family, address_towards
from sipcheck.errors import TransportFailed
from sipcheck.failure import Failure
from sipcheck.message.builder import BRANCH_COOKIE
from sipcheck.message.parser import plain_via, top_branch, top_call_id
from sipcheck.phrases.sentence import Sentence
from sipcheck.report.model import Certificate, ReportWarning
from sipcheck.target import HostPort
from sipcheck.transport.channel import Receiver, Unfinished
from sipcheck.transport.failures import from_error
from sipcheck.transport.udp_socket import SocketAddress, UdpSocket

_COOKIE = BRANCH_COOKIE.lower()
# Runs of one destination come in bursts, and the way there hardly changes within one.
_EGRESS_SECONDS = 1.0
_MOST_EGRESS = 256
_KEEP_ALIVE = b"\r\n\0"  # RFC 5626 §4.4.1, and the four zero bytes that others send


class UdpReceiver(Protocol):
    """Waits for what comes for one branch. Calls come from the event loop and must not block."""

    @property
    def remote(self) -> HostPort:
        """Where its request went."""

    @property
    def call_id(self) -> bytes:
        """The Call-ID of its request."""

    def settled_by(self, data: bytes, address: SocketAddress, via: re.Match[bytes]) -> bool:
        """Take a datagram that has this branch in a plain Via, unless it has to be read in full first."""

    def received(self, data: bytes, address: SocketAddress) -> None:
        """Read a datagram with this branch, or with this Call-ID and another one, or from `remote` without any."""

    def kept_alive(self) -> None:
        """A keep-alive has come from `remote`, which answers nothing."""

    def failed(self, failure: Failure) -> None:
        """ICMP has refused the request (RFC 3261 §18.4)."""


class UdpEndpoint:
    """The socket of one family; opened in a running loop, closed by `close()`.

    Whoever waits for an answer stands in `receivers`, under what follows the magic cookie in its branch. A branch
    that is not there is a late answer's or somebody else's: it settles nothing (RFC 4321 §1.3). Whose Call-ID it
    repeats is told of it, and nobody else is, since others share this socket: he stands in `dialogs` under his
    Call-ID, where that is not what stands in `receivers`.

    Raises SettingInvalid for a source address that cannot be bound, OSError where the family has no socket.
    """

    def __init__(self, family: socket.AddressFamily, source_address: str | None = None) -> None:
        self.receivers: dict[bytes, UdpReceiver] = {}
        self.dialogs: dict[bytes, UdpReceiver] = {}
        self._socket = UdpSocket(family, self, source_address)
        self.port = self._socket.port
        # Sends one datagram to an address of the socket module; raises TransportFailed when the system refuses it.
        self.send = self._socket.send

    def close(self) -> None:
        self._socket.close()

    def datagram_received(self, data: bytes, address: SocketAddress) -> None:
        via = plain_via(data)
        if via is not None and (receiver := self.receivers.get(via[2])) is not None:
            if receiver.settled_by(data, address, via):
                return
            if 0 < via.start() == data.find(b"\n") - 1:
                # It stands right behind the first line: nothing can be above it.
                receiver.received(data, address)
                return
        if data.strip(_KEEP_ALIVE):
            for receiver in self._meant(top_branch(data), address) or self._named(data):
                receiver.received(data, address)
            return
        for receiver in self._meant(None, address):
            receiver.kept_alive()

    def error_received(self, sent: bytes, address: SocketAddress, failure: Failure) -> None:
        for receiver in self._meant(top_branch(sent), address):
            receiver.failed(failure)

    def _meant(self, branch: str | None, address: SocketAddress) -> list[UdpReceiver]:
        """The receiver of a branch; where there is none to be read, all that wait for something from there."""
        if branch is not None:
            receiver = self.receivers.get(branch_key(branch))
            return [] if receiver is None else [receiver]
        source = host_port(address)
        return [receiver for receiver in self.receivers.values() if receiver.remote == source]

    def _named(self, data: bytes) -> list[UdpReceiver]:
        """Who waits for an answer with this Call-ID: looked for only where a branch has led to nobody."""
        call_id = top_call_id(data)
        if call_id is None:
            return []
        receiver = self.dialogs.get(call_id) or self.receivers.get(call_id)
        return [receiver] if receiver is not None and receiver.call_id == call_id else []


def branch_key(branch: str) -> bytes:
    """What follows the magic cookie (RFC 3261 §8.1.1.7); tokens are the same in other letters (§7.3.1)."""
    return branch.lower().removeprefix(_COOKIE).encode("utf-8", "surrogateescape")


def host_port(address: SocketAddress) -> HostPort:
    """Read an address of the socket module, without the scope of a link-local one."""
    return HostPort(str(address[0]).partition("%")[0], int(address[1]))


class UdpEndpoints:
    """An endpoint for each address family, opened when it is first needed; closed together by `close()`."""

    def __init__(self, source_address: str | None) -> None:
        self._source_address = source_address
        self._opened: dict[socket.AddressFamily, UdpEndpoint] = {}
        # Our addresses by where they lead to, and until when each is believed.
        self._egress: dict[HostPort, tuple[str, float]] = {}

    def endpoint(self, address: str) -> UdpEndpoint:
        """Give the endpoint of this address's family. Raises SettingInvalid and OSError as UdpEndpoint does."""
        family = address_family(address)
        if family not in self._opened:
            self._opened[family] = UdpEndpoint(family, self._source_address)
        return self._opened[family]

    def towards(self, remote: HostPort) -> tuple[UdpEndpoint, HostPort]:
        """Give the endpoint for `remote`, and our own address on the way there. Raises TransportFailed."""
        egress = self._egress_towards(remote)
        try:
            endpoint = self.endpoint(remote.host)
        except OSError as error:
            raise TransportFailed(from_error(error)) from error
        return endpoint, HostPort(egress, endpoint.port)

    def _egress_towards(self, remote: HostPort) -> str:
        now = asyncio.get_running_loop().time()
        egress, until = self._egress.get(remote, ("", now))
        if now < until:
            return egress
        egress = egress_address(remote, self._source_address)
        if len(self._egress) >= _MOST_EGRESS:
            self._egress.clear()
        self._egress[remote] = (egress, now + _EGRESS_SECONDS)
        return egress

    def close(self) -> None:
        for endpoint in self._opened.values():
            endpoint.close()
        self._opened.clear()


@dataclass(frozen=True, slots=True)
class UdpChannel:
    """One edge over a shared socket."""

    endpoint: UdpEndpoint
    remote: HostPort
    local: HostPort
    reliable: bool = False
    usable: bool = True
    heard: bool = False
    unfinished: Unfinished | None = None
    certificate: Certificate | None = None
    warnings: tuple[ReportWarning, ...] = field(default=())

    def attach(self, branch: str, receiver: Receiver) -> None:
        attached = _Attached(self.remote, receiver)
        self.endpoint.receivers[branch_key(branch)] = attached
        self.endpoint.dialogs[receiver.call_id] = attached

    def detach(self, branch: str) -> None:
        attached = self.endpoint.receivers.pop(branch_key(branch), None)
        if attached is not None and self.endpoint.dialogs.get(attached.call_id) is attached:
            del self.endpoint.dialogs[attached.call_id]

    def send(self, data: bytes) -> None:
        self.endpoint.send(data, (self.remote.host, self.remote.port))

    async def explain(self, failure: Failure) -> Failure:
        """Give back what ICMP said; there is no more to find out."""
        return failure

    async def close(self) -> None:
        """Leave the shared socket open; it is the endpoint's owner's to close."""


@dataclass(frozen=True, slots=True)
class _Attached:
    """A receiver that reads every datagram in full."""

    remote: HostPort
    receiver: Receiver

    def settled_by(self, data: bytes, address: SocketAddress, via: re.Match[bytes]) -> bool:
        return False

    @property
    def call_id(self) -> bytes:
        return self.receiver.call_id

    def received(self, data: bytes, address: SocketAddress) -> None:
        self.receiver.received(data, host_port(address))

    def kept_alive(self) -> None:
        self.receiver.kept_alive()

    def failed(self, failure: Failure) -> None:
        self.receiver.failed(failure)


def egress_address(remote: HostPort, source_address: str | None = None) -> str:
    """Give our own address on the way to `remote`. Raises TransportFailed when no route leads there."""
    try:
        return address_towards(remote.host, remote.port or 5060, source_address)
    except OSError as error:
        failure = from_error(error)
        said = {"host": remote.host, "failure": failure.sentence}
        no_way = Sentence.of("connection.no-way", **said)
        if source_address:
            no_way = Sentence.of("connection.no-way-from", source=source_address, **said)
        raise TransportFailed(replace(failure, sentence=no_way)) from error
