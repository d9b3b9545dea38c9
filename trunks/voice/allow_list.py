"""Who may call in by address: judged here, since LiveKit drops what it cannot read, and then admits everyone."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from trunks.errors import Refused

_FORM = "give an address or a CIDR, such as 203.0.113.10 or 203.0.113.0/24"


class AllowListInvalid(Refused):
    """The allow-list cannot be used."""


def read_allow_list(entries: Iterable[str]) -> tuple[str, ...]:
    """Read addresses and CIDRs into their normal form, sorted, each once.

    Raises AllowListInvalid for an empty list, an entry that is none, and a list that admits everyone.
    """
    networks = {_read_entry(entry) for entry in entries}
    if not networks:
        raise AllowListInvalid(f"The allow-list is empty, which would admit everyone; {_FORM}.")
    for family in (IPv4Network, IPv6Network):
        _refuse_everyone([network for network in networks if isinstance(network, family)])
    return tuple(sorted(_written(network) for network in networks))


def _read_entry(entry: str) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(entry.strip())
    except ValueError as fault:
        raise AllowListInvalid(f"{entry!r} in the allow-list cannot be read: {fault}; {_FORM}.") from None
    if isinstance(network, IPv6Network):
        if "%" in entry:
            raise AllowListInvalid(f"{entry!r} in the allow-list names an interface; {_FORM}.")
        if network.network_address.ipv4_mapped is not None:
            # It would never match: a call over IPv4 comes from the IPv4 address.
            raise AllowListInvalid(f"{entry!r} in the allow-list is IPv4 inside IPv6; write it as IPv4.")
    return network


def _refuse_everyone(networks: Sequence[IPv4Network | IPv6Network]) -> None:
    # collapse_addresses takes one family at a time, which the caller sees to.
    collapsed = list(collapse_addresses(networks))  # type: ignore[type-var]
    if len(collapsed) == 1 and collapsed[0].prefixlen == 0:
        raise AllowListInvalid(
            f"The allow-list admits everyone: together its entries are {collapsed[0]}; name the carrier's addresses."
        )


def _written(network: IPv4Network | IPv6Network) -> str:
    single = network.prefixlen == network.max_prefixlen
    return str(network.network_address) if single else str(network)
