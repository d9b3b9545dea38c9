"""Which addresses, ports and names may be probed: the one place (docs/design/sip.md, hazard 3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from sipcheck.failure import Failure
from sipcheck.host import is_address
from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import Reason

# The reasons that the guard gives.
FORBIDDEN = (Reason.ADDRESS_FORBIDDEN, Reason.PORT_FORBIDDEN)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


# `ipaddress.is_global` is no guard: it passes NAT64 and 6to4 forms of loopback, multicast, and cloud metadata.
_DENIED: tuple[tuple[Network, str, str], ...] = tuple(
    (ip_network(network), kind, source)
    for network, kind, source in (
        ("0.0.0.0/8", "this-network", "RFC 791"),
        ("10.0.0.0/8", "private", "RFC 1918"),
        ("100.64.0.0/10", "shared", "RFC 6598"),
        ("127.0.0.0/8", "loopback", "RFC 1122"),
        ("168.63.129.16/32", "cloud-platform", "Azure"),
        ("169.254.0.0/16", "link-local-and-metadata", "RFC 3927"),
        ("172.16.0.0/12", "private", "RFC 1918"),
        ("192.0.0.0/24", "protocol-assignments", "RFC 6890"),
        ("192.0.2.0/24", "documentation", "RFC 5737"),
        ("192.31.196.0/24", "as112", "RFC 7535"),
        ("192.52.193.0/24", "amt-relays", "RFC 7450"),
        ("192.88.99.0/24", "6to4-relay", "RFC 7526"),
        ("192.168.0.0/16", "private", "RFC 1918"),
        ("192.175.48.0/24", "as112", "RFC 7534"),
        ("198.18.0.0/15", "benchmarking", "RFC 2544"),
        ("198.51.100.0/24", "documentation", "RFC 5737"),
        ("203.0.113.0/24", "documentation", "RFC 5737"),
        ("224.0.0.0/4", "multicast", "RFC 5771"),
        ("240.0.0.0/4", "reserved", "RFC 1112"),
        ("::/96", "unspecified", "RFC 4291"),
        ("64:ff9b:1::/48", "local-translation", "RFC 8215"),
        ("100::/64", "discard-only", "RFC 6666"),
        ("2001:2::/48", "benchmarking", "RFC 5180"),
        ("2001:3::/32", "amt-relays", "RFC 7450"),
        ("2001:4:112::/48", "as112", "RFC 7535"),
        ("2001:10::/28", "orchid", "RFC 4843"),
        ("2001:20::/28", "orchid-v2", "RFC 7343"),
        ("2001:db8::/32", "documentation", "RFC 3849"),
        ("2620:4f:8000::/48", "as112", "RFC 7534"),
        ("3fff::/20", "documentation", "RFC 9637"),
        ("5f00::/16", "segment-routing", "RFC 9602"),
        ("fc00::/7", "unique-local-and-metadata", "RFC 4193"),
        ("fe80::/10", "link-local", "RFC 4291"),
        ("fec0::/10", "site-local", "RFC 3879"),
        ("ff00::/8", "multicast", "RFC 4291"),
    )
)
_DENIED_BY_VERSION = {
    version: tuple(entry for entry in _DENIED if entry[0].version == version) for version in (4, 6)
}

# Names that mean something else in each network, or in none: the public DNS has nothing of theirs to say, and whoever
# resolves them next may be led anywhere.
_PRIVATE_NAMES = (
    ("localhost", "RFC 6761"),
    ("local", "RFC 6762"),
    ("internal", "ICANN"),
    ("lan", "routers"),
    ("home.arpa", "RFC 8375"),
    ("svc", "Kubernetes"),
    ("cluster.local", "Kubernetes"),
    ("invalid", "RFC 6761"),
)
# In an allowance: all names, those of one label too.
EVERY_NAME = "."

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP_MARKS = frozenset({0x00005EFE, 0x02005EFE})  # RFC 5214 §6.1

_ALWAYS_ALLOWED_PORTS = frozenset({80, 443})
_FIRST_UNPRIVILEGED_PORT = 1024
_SERVICE_PORTS = {
    1433: "SQL Server",
    1521: "Oracle",
    1900: "SSDP",
    2049: "NFS",
    2375: "Docker",
    2376: "Docker",
    2379: "etcd",
    3306: "MySQL",
    3389: "RDP",
    3702: "WS-Discovery",
    5353: "mDNS",
    5432: "PostgreSQL",
    5900: "VNC",
    5984: "CouchDB",
    6379: "Redis",
    6443: "Kubernetes",
    9042: "Cassandra",
    9092: "Kafka",
    9200: "Elasticsearch",
    10250: "Kubernetes",
    11211: "memcached",
    27017: "MongoDB",
}


@dataclass(frozen=True, slots=True)
class Guard:
    """Judges addresses, ports and names; the allowances are a laboratory's.

    `allow_networks` says nothing about ports; `allow_endpoints` lets exactly these pairs of address and port
    through. An allowance covers the addresses as they are written: one for 127.0.0.0/8 does not let
    ::ffff:127.0.0.1 through, since what a socket makes of the wrapped form is not what was allowed. An entry of
    `allow_names` covers what is under it as well.
    """

    allow_networks: tuple[Network, ...] = ()
    allow_ports: frozenset[int] = frozenset()
    allow_endpoints: frozenset[tuple[str, int]] = frozenset()
    allow_names: tuple[str, ...] = ()

    def judge(self, address: str, port: int) -> Failure | None:
        """Judge the address and the port that would be dialled; None lets it through."""
        if (address, port) in self.allow_endpoints:
            return None
        return self.judge_address(address) or self.judge_port(port)

    def judge_address(self, address: str) -> Failure | None:
        """Refuse what is not a public unicast address, in any of its disguises."""
        if "%" in address:
            return _forbidden("one-link", address=address)
        parsed = _read(address)
        if parsed is None:
            return _forbidden("none", address=address)
        if any(parsed.version == network.version and parsed in network for network in self.allow_networks):
            return None
        return _judge_public(parsed)

    def judge_name(self, host: str) -> Failure | None:
        """Refuse a name of private networks, whatever it leads to; `host` is in normal form, and may be a literal."""
        if is_address(host) or any(each == EVERY_NAME or _is_under(host, each) for each in self.allow_names):
            return None
        if "." not in host:
            return _forbidden("one-label", name=host)
        # The longest that it is under names the kind.
        found = [(suffix, source) for suffix, source in _PRIVATE_NAMES if _is_under(host, suffix)]
        if not found:
            return None
        suffix, source = max(found, key=lambda each: len(each[0]))
        return _forbidden("private-name", name=host, suffix=suffix, source=source)

    def judge_host(self, host: str) -> Failure | None:
        """Judge what stands for a host by itself, before DNS is asked: a literal as an address, else a name.

        An address of which one port alone is allowed passes: the port is judged where it is dialled.
        """
        if not is_address(host):
            return self.judge_name(host)
        return (
            None if any(host == address for address, _ in self.allow_endpoints) else self.judge_address(host)
        )

    def allowance(self, address: str, port: int) -> tuple[Network | None, int | None]:
        """Say which network and which port would have to be allowed; None for what is let through as it is."""
        network = None if self.judge_address(address) is None else _widest(ip_address(address))
        return network, None if self.judge_port(port) is None else port

    def judge_port(self, port: int) -> Failure | None:
        """Refuse ports of other services, and all below 1024 but 80 and 443."""
        if port in self.allow_ports or port in _ALWAYS_ALLOWED_PORTS:
            return None
        if not 1 <= port <= 65535:
            return Failure.of(Reason.PORT_FORBIDDEN, "guard.port.none", port=port)
        if port < _FIRST_UNPRIVILEGED_PORT:
            return Failure.of(Reason.PORT_FORBIDDEN, "guard.port.low", port=port)
        if port in _SERVICE_PORTS:
            return Failure.of(
                Reason.PORT_FORBIDDEN, "guard.port.of-service", port=port, service=_SERVICE_PORTS[port]
            )
        return None


@lru_cache(maxsize=512)
def _read(address: str) -> Address | None:
    try:
        return ip_address(address)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _judge_public(address: Address) -> Failure | None:
    for form in (address, *_wrapped(address)):
        for network, kind, source in _DENIED_BY_VERSION[form.version]:
            if form in network:
                said = {
                    "address": address,
                    "kind": Sentence(f"guard.kind.{kind}"),
                    "source": source,
                    "network": network,
                }
                return _forbidden(**said) if form == address else _forbidden("disguised", form=form, **said)
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST and address not in _NAT64:
        return _forbidden("not-global", address=address)
    return None


def _widest(address: Address) -> Network:
    """The refused range that an IPv4 address lies in, as a person thinks of his own; an IPv6 address for itself."""
    denied = (network for network, _, _ in _DENIED_BY_VERSION[4] if address in network)
    return next(denied, ip_network(address))


def _wrapped(address: Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses that an IPv6 address stands for or leads to."""
    if not isinstance(address, IPv6Address):
        return
    number = int(address)
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if address in _NAT64 or (number >> 32 & 0xFFFFFFFF) in _ISATAP_MARKS:
        yield IPv4Address(number & 0xFFFFFFFF)


def _is_under(host: str, name: str) -> bool:
    return host == name or host.endswith(f".{name}")


def _forbidden(why: str = "", /, **parameters: object) -> Failure:
    key = f"guard.address.{why}" if why else "guard.address"
    return Failure.of(Reason.ADDRESS_FORBIDDEN, key, **parameters)
