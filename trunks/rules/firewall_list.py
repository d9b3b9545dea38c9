"""Who may reach the platform's SIP port, for an operator's firewall: it keeps strangers out, not other customers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network


@dataclass(frozen=True, slots=True)
class FirewallList:
    """Networks without overlaps, in their order."""

    ipv4: tuple[IPv4Network, ...]
    ipv6: tuple[IPv6Network, ...]

    @classmethod
    def of(cls, entries: Iterable[str]) -> "FirewallList":
        """Join addresses and networks; what is neither, as former versions let in, lets nobody in here."""
        networks = [network for entry in entries if (network := _read(entry)) is not None]
        return cls(
            tuple(collapse_addresses(each for each in networks if isinstance(each, IPv4Network))),
            tuple(collapse_addresses(each for each in networks if isinstance(each, IPv6Network))),
        )

    def plain(self) -> str:
        """A network a line."""
        return "".join(f"{network}\n" for network in (*self.ipv4, *self.ipv6))

    def nftables(self) -> str:
        """A table with two sets, to be loaded by `nft -f`; an empty one has no elements."""
        return (
            "# Who may call in, and whom calls go out to. It keeps strangers out, not other customers.\n"
            "table inet trunkd {\n"
            f"{_set('callers4', 'ipv4_addr', self.ipv4)}"
            f"{_set('callers6', 'ipv6_addr', self.ipv6)}"
            "}\n"
        )


def _set(name: str, kind: str, networks: Sequence[IPv4Network | IPv6Network]) -> str:
    elements = ",\n".join(f"            {network}" for network in networks)
    written = f"        elements = {{\n{elements}\n        }}\n" if networks else ""
    return f"    set {name} {{\n        type {kind}\n        flags interval\n{written}    }}\n"


def _read(entry: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(entry)
    except ValueError:
        return None
