"""One unconnected UDP socket, read through the loop's reader callback.

asyncio's own datagram transport asks for 256 KiB a read and delivers one datagram a wake-up; here up to 64 are
taken, and Linux's error queue tells which datagram an ICMP error answers (RFC 3261 §18.4), which an unconnected
socket would not say otherwise.
"""

import asyncio
import contextlib
import errno
import socket
import struct
from typing import Any, Protocol

from sipcheck.errors import SettingInvalid, TransportFailed
from sipcheck.failure import Failure
from sipcheck.transport.failures import from_errno, from_error

# What the socket module takes and gives: (host, port), and for IPv6 also flow label and scope.
SocketAddress = tuple[Any, ...]

# Below malloc's threshold for a mapping of its own, which is what makes a larger read slow.
_DATAGRAM_LIMIT = 65535
_DRAIN = 64  # datagrams a wake-up, so that a flood does not starve the timers
_DRAIN_BYTES = 32 * 1024  # and so that it does not hold up the loop: to read 64 KB of SIP takes up to 30 ms
_MORE_ATTEMPTS = 8
_RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024

# <linux/in.h>, <linux/in6.h>, <linux/errqueue.h>: absent from the socket module.
_IP_RECVERR = 11
_IPV6_RECVERR = 25
_EXTENDED_ERROR = struct.Struct("=IBBBBII")  # sock_extended_err: errno, origin, type, code, pad, info, data
_ORIGIN_LOCAL = 1


class DatagramReceiver(Protocol):
    """Takes what a socket receives. Calls come from the event loop and must not block."""

    def datagram_received(self, data: bytes, address: SocketAddress) -> None:
        """One whole datagram."""

    def error_received(self, sent: bytes, address: SocketAddress, failure: Failure) -> None:
        """What became of a datagram of ours; `sent` is as much of it as the error quotes."""


class UdpSocket:
    """A socket of one family; opened in a running loop, closed by `close()`.

    Raises SettingInvalid for a source address that cannot be bound, OSError where the family has no socket.
    """

    def __init__(
        self, family: socket.AddressFamily, receiver: DatagramReceiver, source_address: str | None = None
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._family = family
        self._receiver = receiver
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
        wildcard, level, errors = "0.0.0.0", socket.IPPROTO_IP, _IP_RECVERR
        if self._family is socket.AF_INET6:
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            wildcard, level, errors = "::", socket.IPPROTO_IPV6, _IPV6_RECVERR
        with contextlib.suppress(OSError):  # not Linux: an ICMP error is then silence
            self._socket.setsockopt(level, errors, 1)
        self._socket.bind((source_address or wildcard, 0))

    def send(self, data: bytes, address: SocketAddress) -> None:
        """Send one datagram; raises TransportFailed when the system refuses it.

        A full send buffer is a lost datagram, which Timer E makes up for.
        """
        failure = OSError()
        for _ in range(1 + _MORE_ATTEMPTS):
            try:
                self._socket.sendto(data, address)
                return
            except BlockingIOError:
                return
            except OSError as error:
                failure = error
                # It may be another datagram's, since what ICMP brought is reported to the next call: its own queue
                # says whose it is.
                self._drain_errors()
        raise TransportFailed(from_error(failure)) from failure

    def close(self) -> None:
        self._closed = True
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _readable(self) -> None:
        receive, received = self._socket.recvfrom, self._receiver.datagram_received
        room = _DRAIN_BYTES
        for count in range(_DRAIN):
            try:
                data, address = receive(_DATAGRAM_LIMIT)
            except BlockingIOError:
                if count == 0:
                    self._drain_errors()  # something woke us, and it was no datagram
                return
            except OSError:
                self._drain_errors()  # an ICMP error in the way of the datagrams; its own queue says whose it is
                return
            received(data, address)
            room -= len(data)
            if self._closed or room <= 0:
                return

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
                    if number == errno.EMSGSIZE and origin != _ORIGIN_LOCAL:
                        continue  # path MTU discovery speaking; the retransmission is fragmented
                    self._receiver.error_received(data, address, from_errno(int(number)))

    def _watch_again(self) -> None:
        if not self._closed:
            self._loop.remove_reader(self._socket)
            self._loop.add_reader(self._socket, self._readable)
