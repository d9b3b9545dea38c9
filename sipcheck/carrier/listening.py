"""The sockets a practice carrier listens on."""

import contextlib
import errno
import socket
from collections.abc import Sequence

from sipcheck.egress import address_family
from sipcheck.errors import CallerError

_ATTEMPTS = 20  # a port the system chose for UDP may be taken for TCP


class CarrierUnusable(CallerError):
    """The practice carrier cannot start as it was asked to."""


def bind(host: str, port: int, kind: socket.SocketKind) -> socket.socket:
    """Bind a socket; port 0 means a free one. Raises CarrierUnusable."""
    if not 0 <= port <= 65535:
        raise CarrierUnusable(f"The port {port} cannot be used: a port is a number from 1 to 65535.")
    bound = socket.socket(address_family(host), kind)
    try:
        bound.setblocking(False)
        if kind is socket.SOCK_STREAM:
            # Else the port of an ended carrier stays taken while its connections linger.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        if kind is socket.SOCK_STREAM:
            # At once: until then another socket may still be bound to the same port.
            bound.listen()
    except OSError as error:
        bound.close()
        raise _unusable(host, port, kind, error) from error
    return bound


def bind_shared(host: str, port: int, kinds: Sequence[socket.SocketKind]) -> list[socket.socket]:
    """Bind a socket of each kind to one port number; port 0 means one that is free for all of them.

    Raises CarrierUnusable.
    """
    if not port:
        for _ in range(_ATTEMPTS - 1):
            with contextlib.suppress(CarrierUnusable):
                return _bind_all(host, port, kinds)
    return _bind_all(host, port, kinds)


def _bind_all(host: str, port: int, kinds: Sequence[socket.SocketKind]) -> list[socket.socket]:
    bound: list[socket.socket] = []
    with contextlib.ExitStack() as stack:
        for kind in kinds:
            bound.append(bind(host, bound[0].getsockname()[1] if bound else port, kind))
            stack.callback(bound[-1].close)
        stack.pop_all()
    return bound


def _unusable(host: str, port: int, kind: socket.SocketKind, error: OSError) -> CarrierUnusable:
    transport = "UDP" if kind is socket.SOCK_DGRAM else "TCP"
    if error.errno == errno.EADDRINUSE:
        return CarrierUnusable(
            f"{transport} port {port} of {host} is taken by another program; give another, or 0 for any free one."
        )
    return CarrierUnusable(f"{transport} port {port} of {host} cannot be used: {error.strerror}.")
