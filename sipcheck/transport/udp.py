"""UDP for single verifications: one shared socket for each address family, and a channel for each edge."""

import socket
from dataclasses import dataclass, field, replace

from sipcheck.egress import address_towards
from sipcheck.errors import TransportFailed
from sipcheck.failure import Failure
from sipcheck.message.parser import top_branch
from sipcheck.report.model import Certificate, ReportWarning
from sipcheck.target import HostPort
from sipcheck.transport.channel import Receiver
from sipcheck.transport.failures import from_error
from sipcheck.transport.udp_socket import SocketAddress, UdpSocket

KEEP_ALIVE = b"\r\n\0"  # RFC 5626 §4.4.1, and the four zero bytes that others send


class UdpEndpoint:
    """The shared socket of one family; opened in a running loop, closed by `close()`.

    Raises SettingInvalid for a source address that cannot be bound, OSError where the family has no socket.
    """

    def __init__(self, family: socket.AddressFamily, source_address: str | None = None) -> None:
        self._receivers: dict[str, tuple[HostPort, Receiver]] = {}
        self._socket = UdpSocket(family, self, source_address)
        self.port = self._socket.port

    def attach(self, branch: str, remote: HostPort, receiver: Receiver) -> None:
        self._receivers[branch] = (remote, receiver)

    def detach(self, branch: str) -> None:
        self._receivers.pop(branch, None)

    def send(self, data: bytes, remote: HostPort) -> None:
        """Send one datagram; raises TransportFailed when the system refuses it."""
        self._socket.send(data, (remote.host, remote.port or 0))

    def close(self) -> None:
        self._socket.close()

    def datagram_received(self, data: bytes, address: SocketAddress) -> None:
        if not data.strip(KEEP_ALIVE):
            return
        source = host_port(address)
        branch = top_branch(data)
        if branch is not None:
            # A branch we do not know is a late answer or somebody else's: it settles nothing (RFC 4321 §1.3).
            if branch in self._receivers:
                self._receivers[branch][1].message_received(data, source)
            return
        for remote, receiver in tuple(self._receivers.values()):
            if remote == source:
                receiver.noise_received(data, source)

    def error_received(self, sent: bytes, address: SocketAddress, failure: Failure) -> None:
        branch = top_branch(sent)
        if branch is not None:
            if branch in self._receivers:
                self._receivers[branch][1].failed(failure)
            return
        remote = host_port(address)
        for own_remote, receiver in tuple(self._receivers.values()):
            if own_remote == remote:
                receiver.failed(failure)


def host_port(address: SocketAddress) -> HostPort:
    """Read an address of the socket module, without the scope of a link-local one."""
    return HostPort(str(address[0]).partition("%")[0], int(address[1]))


@dataclass(frozen=True, slots=True)
class UdpChannel:
    """One edge over the shared socket."""

    endpoint: UdpEndpoint
    remote: HostPort
    local: HostPort
    reliable: bool = False
    usable: bool = True
    heard: bool = False
    unfinished: int = 0
    certificate: Certificate | None = None
    warnings: tuple[ReportWarning, ...] = field(default=())

    def attach(self, branch: str, receiver: Receiver) -> None:
        self.endpoint.attach(branch, self.remote, receiver)

    def detach(self, branch: str) -> None:
        self.endpoint.detach(branch)

    def send(self, data: bytes) -> None:
        self.endpoint.send(data, self.remote)

    async def explain(self, failure: Failure) -> Failure:
        """Give back what ICMP said; there is no more to find out."""
        return failure

    async def close(self) -> None:
        """Leave the shared socket open; it is the endpoint's owner's to close."""


def egress_address(remote: HostPort, source_address: str | None = None) -> str:
    """Give our own address on the way to `remote`. Raises TransportFailed when no route leads there."""
    try:
        return address_towards(remote.host, remote.port or 5060, source_address)
    except OSError as error:
        failure = from_error(error)
        origin = f" from {source_address}" if source_address else ""
        detail = f"no way{origin} to {remote.host}: {failure.detail}"
        raise TransportFailed(replace(failure, detail=detail)) from error
