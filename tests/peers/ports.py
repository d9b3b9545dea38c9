"""Picks ports that nobody listens on."""

import contextlib
import random
import socket

# Below the kernel's ephemeral range, so that no outgoing socket takes a port between the pick and the use.
_BLOCKS = [range(first, first + 40) for first in range(20000, 32760, 40)]
_REFUSED_BY_THE_GUARD = frozenset({27017})

# Of the block that this process took last. A block is taken by a socket of its name, which the kernel gives to one
# process and takes back when that ends: tests that run beside these pick no port between the pick and the use.
_left: list[int] = []
_taken: list[socket.socket] = []


class NoFreePort(Exception):
    """Every port in the tests' range is taken."""


def free_port(address: str = "127.0.0.1", *, in_a_row: int = 1) -> int:
    """Pick a port free for UDP and for TCP on this address, never the same twice.

    `in_a_row` is how many, with this one the first, are picked with it. Raises NoFreePort.
    """
    row: list[int] = []
    while len(row) < in_a_row:
        if not _left:
            _take_a_block()
        port = _left.pop(0)
        if row and port != row[-1] + 1:
            row.clear()
        if port in _REFUSED_BY_THE_GUARD or not is_free(address, port):
            row.clear()
            continue
        row.append(port)
    return row[0]


def _take_a_block() -> None:
    for block in random.sample(_BLOCKS, len(_BLOCKS)):
        name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            name.bind(f"\0sip-trunk-tests-ports-{block.start}")
        except OSError:
            name.close()
            continue
        _taken.append(name)
        _left.extend(block)
        return
    raise NoFreePort("every block of ports is taken by tests that run beside these")


def give_ports_back() -> None:
    """Give back the blocks that this process took, at its end."""
    while _taken:
        _taken.pop().close()


def family_of(address: str) -> socket.AddressFamily:
    """Tell the address family of an IP literal."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def is_free(address: str, port: int) -> bool:
    """Tell whether nobody has this port on this address, by UDP or by TCP."""
    with contextlib.ExitStack() as stack:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            probe = stack.enter_context(socket.socket(family_of(address), kind))
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True
