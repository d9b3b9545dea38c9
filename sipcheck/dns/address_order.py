"""The order of one host's addresses: usable ones first, then the families in turn (RFC 6724, RFC 7984)."""

from collections.abc import Callable, Sequence
from itertools import chain, zip_longest

from sipcheck.egress import address_towards
from sipcheck.errors import EXHAUSTED

_DISCARD_PORT = 9  # any would do


def has_route(address: str) -> bool:
    """Tell whether this machine has a route and a source address for `address`; no packet is sent.

    Where it has nothing left to find that out with, one is taken to be there.
    """
    try:
        address_towards(address, _DISCARD_PORT)
    except OSError as error:
        return error.errno in EXHAUSTED
    return True


def order_addresses(
    ipv6: Sequence[str], ipv4: Sequence[str], is_usable: Callable[[str], bool] = has_route
) -> tuple[str, ...]:
    """Take IPv6 and IPv4 in turn, IPv6 first, and leave what cannot be reached from here to the end.

    RFC 7984 §3.1 sends each SRV target's addresses through RFC 6724: its rule 1 keeps a machine without IPv6
    from judging a carrier by an address that it could never reach; its policy table prefers IPv6. Taken in
    turn, a broken family is one edge away from the other (RFC 8305 §4).
    """
    in_turn = [address for address in chain.from_iterable(zip_longest(ipv6, ipv4)) if address is not None]
    usable = {address: is_usable(address) for address in in_turn}
    return tuple(sorted(in_turn, key=lambda address: not usable[address]))
