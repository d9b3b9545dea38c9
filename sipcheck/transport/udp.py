"""UDP: one shared, unconnected socket for each address family, read through the loop's reader callback.

asyncio's own datagram transport asks for 256 KiB a read and delivers one datagram a wake-up; here up to 64 are
taken, and Linux's error queue tells which probe an ICMP error answers (RFC 3261 §18.4), which an unconnected
socket would not say otherwise.
"""

import asyncio
import contextlib
import errno
import socket
import struct
from dataclasses import dataclass, field

from sipcheck.errors import SettingInvalid, TransportFailed
from sipcheck.message.parser import top_branch
from sipcheck.report import Certificate, Warning
from sipcheck.target import HostPort
from sipcheck.transport.channel import Receiver
from sipcheck.transport.failures import from_errno, from_error

_DATAGRAM_LIMIT = 65535
_KEEP_ALIVE = b"\r\n\0"  # RFC 5626 §4.4.1, and the four zero bytes that others send
_DRAIN = 64  # datagrams a wake-up, so that a flood does not starve the timers
_SEND_ATTEMPTS = 8
_RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024

# <linux/in.h>, <linux/in6.h>, <linux/errqueue.h>: absent from the socket module.
_IP_RECVERR = 11
_IPV6_RECVERR = 25
_EXTENDED_ERROR = struct.Struct("=IBBBBII")  # sock_extended_err: errno, origin, type, code, pad, info, data
_ORIGIN_LOCAL = 1


class UdpEndpoint:
    """The shared socket of one family; opened in a running loop, closed by `close()`.

    Raises SettingInvalid for a source address that cannot be bound, OSError where the family has no socket.
    """

    def __init__(self, family: socket.AddressFamily, source_address: str | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._family = family
        self._receivers: dict[str, tuple[HostPort, Receiver]] = {}
        self._closed = False
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._configure(source_address)
        except OSError as error:
            self._socket.close()
            if source_address is None:
                raise
            raise SettingInvalid(
                f"source address {source_address!r} cannot be bound: {error.strerror}; "
                "give an address of this machine"
            ) from error
        self.port: int = self._socket.getsockname()[1]
        self._loop.add_reader(self._socket, self._readable)

    def _configure(self, source_address: str | None) -> None:
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
        wildcard = "0.0.0.0"
        if self._family is socket.AF_INET6:
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            wildcard = "::"
        with contextlib.suppress(OSError):  # not Linux: an ICMP error is then silence
            if self._family is socket.AF_INET6:
                self._socket.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
            else:
                self._socket.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        self._socket.bind((source_address or wildcard, 0))

    def attach(self, branch: str, remote: HostPort, receiver: Receiver) -> None:
        self._receivers[branch] = (remote, receiver)

    def detach(self, branch: str) -> None:
        self._receivers.pop(branch, None)

    def send(self, data: bytes, remote: HostPort) -> None:
        """Send one datagram; raises TransportFailed when the system refuses it.

        A full send buffer is a lost datagram, which Timer E mends.
        """
        address = (remote.host, remote.port or 0)
        failure: OSError | None = None
        for _ in range(_SEND_ATTEMPTS):
            try:
                self._socket.sendto(data, address)
            except BlockingIOError:
                return
            except OSError as error:
                # An ICMP error of any probe is told to whoever calls next; its own queue says whose it is.
                self._drain_errors()
                failure = error
            else:
                return
        if failure is not None:
            raise from_error(failure) from failure

    def close(self) -> None:
        self._closed = True
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _readable(self) -> None:
        for _ in range(_DRAIN):
            try:
                data, address = self._socket.recvfrom(_DATAGRAM_LIMIT)
            except BlockingIOError:
                break
            except OSError:
                break  # an ICMP error in the way of the datagrams; its own queue says whose it is
            self._dispatch(data, HostPort(address[0].partition("%")[0], address[1]))
        self._drain_errors()

    def _dispatch(self, data: bytes, source: HostPort) -> None:
        if not data.strip(_KEEP_ALIVE):
            return
        branch = top_branch(data)
        if branch is not None:
            # A branch we do not know is a late answer or somebody else's: it settles nothing (RFC 4321 §1.3).
            if branch in self._receivers:
                self._receivers[branch][1].message_received(data, source)
            return
        for remote, receiver in tuple(self._receivers.values()):
            if remote == source:
                receiver.noise_received(data, source)

    def _drain_errors(self) -> None:
        if not hasattr(socket, "MSG_ERRQUEUE"):
            return
        for count in range(_DRAIN):
            try:
                data, ancillary, _flags, address = self._socket.recvmsg(
                    _DATAGRAM_LIMIT, socket.CMSG_SPACE(512), socket.MSG_ERRQUEUE
                )
            except OSError:
                return  # the queue is empty
            if count == 0:
                # libuv stops watching a socket that had an error; after all of this round's callbacks, go on.
                self._loop.call_soon(self._watch_again)
            for _level, kind, content in ancillary:
                if kind in (_IP_RECVERR, _IPV6_RECVERR) and len(content) >= _EXTENDED_ERROR.size:
                    number, origin, *_rest = _EXTENDED_ERROR.unpack_from(content)
                    self._report(data, address, int(number), local=origin == _ORIGIN_LOCAL)

    def _watch_again(self) -> None:
        if not self._closed:
            self._loop.remove_reader(self._socket)
            self._loop.add_reader(self._socket, self._readable)

    def _report(self, sent: bytes, address: tuple[str, int], number: int, *, local: bool) -> None:
        if number == errno.EMSGSIZE and not local:
            return  # path MTU discovery speaking; the retransmission is fragmented
        failure = from_errno(number)
        branch = top_branch(sent)
        if branch is not None:
            if branch in self._receivers:
                self._receivers[branch][1].failed(failure)
            return
        remote = HostPort(address[0].partition("%")[0], address[1])
        for own_remote, receiver in tuple(self._receivers.values()):
            if own_remote == remote:
                receiver.failed(failure)


@dataclass(frozen=True, slots=True)
class UdpChannel:
    """One edge over the shared socket."""

    endpoint: UdpEndpoint
    remote: HostPort
    local: HostPort
    reliable: bool = False
    usable: bool = True
    heard: bool = False
    certificate: Certificate | None = None
    warnings: tuple[Warning, ...] = field(default=())

    def attach(self, branch: str, receiver: Receiver) -> None:
        self.endpoint.attach(branch, self.remote, receiver)

    def detach(self, branch: str) -> None:
        self.endpoint.detach(branch)

    def send(self, data: bytes) -> None:
        self.endpoint.send(data, self.remote)

    async def explain(self, failure: TransportFailed) -> TransportFailed:
        """Give back what ICMP said; there is no more to find out."""
        return failure

    async def close(self) -> None:
        """Leave the shared socket open; it is the endpoint's owner's to close."""


def egress_address(remote: HostPort, source_address: str | None = None) -> str:
    """Ask the routing table which of our addresses leads to `remote`; no packet is sent.

    Raises TransportFailed when no route does.
    """
    family = socket.AF_INET6 if ":" in remote.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            if source_address is not None:
                probe.bind((source_address, 0))
            probe.connect((remote.host, remote.port or 5060))
            return str(probe.getsockname()[0])
    except OSError as error:
        raise _no_route(error, remote, source_address) from error


def _no_route(error: OSError, remote: HostPort, source_address: str | None) -> TransportFailed:
    failure = from_error(error)
    origin = f" from {source_address}" if source_address else ""
    return TransportFailed(failure.reason, f"no way{origin} to {remote.host}: {failure.detail}")
