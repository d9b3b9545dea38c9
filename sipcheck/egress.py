"""How this machine reaches an address: the family of the literal, and which of our own addresses leads there."""

import socket


def address_family(address: str) -> socket.AddressFamily:
    """The family of an IPv4 or IPv6 literal, which has no brackets."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def address_towards(address: str, port: int, source_address: str | None = None) -> str:
    """Ask the routing table which of our addresses leads to a literal; no packet is sent. Raises OSError for none."""
    with socket.socket(address_family(address), socket.SOCK_DGRAM) as probe:
        if source_address is not None:
            probe.bind((source_address, 0))
        probe.connect((address, port))
        return str(probe.getsockname()[0])
