"""Picks ports that nobody listens on."""

import contextlib
import random
import socket

# Below the kernel's ephemeral range, so that no outgoing socket takes a port between the pick and the use,
# and free of every port the engine's guard refuses.
_PORTS = range(20000, 27000)
_given: set[int] = set()


class NoFreePort(Exception):
    """Every port in the tests' range is taken."""


def free_port(address: str = "127.0.0.1") -> int:
    """Pick a port free for UDP and for TCP on this address, never the same twice. Raises NoFreePort."""
    for port in random.sample(_PORTS, len(_PORTS)):
        if port not in _given and _is_free(address, port):
            _given.add(port)
            return port
    raise NoFreePort(address)


def family_of(address: str) -> socket.AddressFamily:
    """Tell the address family of an IP literal."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _is_free(address: str, port: int) -> bool:
    with contextlib.ExitStack() as stack:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            probe = stack.enter_context(socket.socket(family_of(address), kind))
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True
