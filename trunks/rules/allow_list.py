"""Who may call in by address: judged here, since LiveKit drops what it cannot read, and then admits everyone."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network

from trunks.errors import Refused

_FORM = "give an address or a CIDR, such as 203.0.113.10 or 203.0.113.0/24"

Network = IPv4Network | IPv6Network

# Where no call comes from over the internet (IANA's special-purpose registries): a list of all else admits everyone.
_PRIVATE_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "224.0.0.0/3",
        ),
    )
)
_PRIVATE_6 = tuple(map(IPv6Network, ("::/3", "4000::/2", "8000::/1")))

# Prefixes that are shorter let in more than any carrier has.
_NARROWEST_WIDE = {4: 16, 6: 32}


class AllowListInvalid(Refused):
    """The allow-list cannot be used."""


def read_allow_list(entries: Iterable[str], *, wide: bool = True) -> tuple[str, ...]:
    """Read addresses and CIDRs into their normal form, sorted, each once.

    Raises AllowListInvalid for an empty list, for all entries that are none, for a list that admits everyone, and
    unless `wide` for networks that are wider than a carrier's.
    """
    given = list(entries)
    if not given:
        raise AllowListInvalid(f"The allow-list is empty, which would admit everyone; {_FORM}.")
    faults = list(filter(None, map(_fault_of, given)))
    if faults:
        raise AllowListInvalid(f"{'; '.join(faults)}; {_FORM}.")
    networks = {read_network(entry) for entry in given}
    if not wide:
        _refuse_wide(sorted(filter(_is_wide, networks), key=str))
    for family in (IPv4Network, IPv6Network):
        _refuse_everyone([network for network in networks if isinstance(network, family)])
    return tuple(sorted(_written(network) for network in networks))


def with_prefixes(entries: Iterable[str]) -> tuple[str, ...]:
    """Write single addresses as networks of one.

    The infrastructure also takes an entry that equals the host in From as text: so the plain spelling, which any
    carrier writes there, lets nobody in from elsewhere.
    """
    return tuple(sorted(str(ip_network(entry)) for entry in entries))


def _fault_of(entry: str) -> str | None:
    """Say why an entry cannot be one; None for one that can."""
    try:
        network = read_network(entry)
    except ValueError as fault:
        return f"{entry!r} in the allow-list {fault}"
    if isinstance(network, IPv6Network):
        if "%" in entry:
            return f"{entry!r} in the allow-list names an interface"
        if network.network_address.ipv4_mapped is not None:
            # It would never match: a call over IPv4 comes from the IPv4 address.
            return f"{entry!r} in the allow-list is IPv4 inside IPv6; write it as IPv4"
    return None


def read_network(entry: str) -> Network:
    """Read an address or a CIDR. Raises ValueError with what is wrong with it, as "is no …"."""
    text = entry.strip()
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError(_why_none(text)) from None


def _why_none(text: str) -> str:
    address, _, length = text.partition("/")
    try:
        most = ip_address(address).max_prefixlen
    except ValueError:
        return "is no address and no CIDR"
    try:
        whole = ip_network(text, strict=False)
    except ValueError:
        return f"has {length!r} behind its slash, which is no number from 0 to {most}"
    return f"is an address inside its network; write {address} for it alone, or {whole} for all of them"


def _is_wide(network: Network) -> bool:
    return network.prefixlen < _NARROWEST_WIDE[network.version]


def _refuse_wide(networks: Sequence[Network]) -> None:
    if networks:
        named = ", ".join(map(str, networks))
        raise AllowListInvalid(
            f"{named} in the allow-list is wider than /16 (IPv6 /32), which is more than a carrier's addresses; name "
            "the carrier's networks, or ask whoever runs this platform."
        )


def _refuse_everyone(networks: Sequence[Network]) -> None:
    # collapse_addresses takes one family at a time, which the caller sees to.
    collapsed = list(collapse_addresses(networks))  # type: ignore[type-var]
    if not collapsed:
        return
    private = _PRIVATE_4 if isinstance(collapsed[0], IPv4Network) else _PRIVATE_6
    with_private = list(collapse_addresses([*collapsed, *private]))
    if with_private[0].prefixlen == 0:
        whole = str(collapsed[0]) if len(collapsed) == 1 else f"{collapsed[0]} and {len(collapsed) - 1} more"
        raise AllowListInvalid(
            f"The allow-list admits everyone: together its entries are {whole}, which leaves out nobody on the "
            "internet; name the carrier's addresses."
        )


def _written(network: Network) -> str:
    single = network.prefixlen == network.max_prefixlen
    return str(network.network_address) if single else str(network)
