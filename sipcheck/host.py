"""The host of a target in its one normal form: equal hosts are equal text, and the guard cannot be fooled."""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

import idna

from sipcheck.errors import Unreadable

MAX_LABEL_OCTETS = 63  # RFC 1035 §2.3.4
MAX_NAME_OCTETS = 253  # RFC 1035 §2.3.4: 255 on the wire, less the root and the first length octet

# Underscores are no host name (RFC 952), yet the DNS carries them and carriers name servers so.
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_SERVICE = re.compile(r"_sips?\._(?:udp|tcp|tls|sctp|ws|wss)\.", re.ASCII)


# The same few are judged in every run; a peer's may be long, so that not many are kept.
@lru_cache(maxsize=128)
def is_address(host: str) -> bool:
    """Tell whether a host in normal form is an IPv4 or IPv6 literal."""
    try:
        ip_address(host)
    except ValueError:  # a colon alone makes none: DNS carries `a:b.svc` as it carries any octets
        return False
    return True


# The same few stand in every answer; a zone behind one may be long, so that not many are kept.
@lru_cache(maxsize=128)
def plain_address(text: str) -> str:
    """Read an address into the one form of whom it stands for: an IPv4-mapped one is that IPv4 address.

    Source: RFC 4291 §2.5.5.2. Dual-stack peers write what came by IPv4 so. Raises ValueError.
    """
    address = ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def read_host(text: str) -> str:
    """Read a host name or an IPv4 literal into lower case A-labels without the trailing dot.

    Raises Unreadable with the fault and how to fix it. A name whose last label is a number (none is,
    RFC 3696 §2) must be four decimal numbers: `127.1`, `0x7f.1`, `2130706433` are addresses to `inet_aton`.
    Unicode is mapped by UTS #46 and encoded by IDNA 2008 (RFC 5891 §4).
    """
    name = _to_ascii(text).lower().removesuffix(".")
    if not name:
        raise Unreadable("host.empty")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _read_ipv4(name)
    _check_labels(name, labels)
    return name


def read_ipv6(text: str) -> str:
    """Read an IPv6 literal without brackets into its compressed form (RFC 5952).

    Raises Unreadable with the fault and how to fix it; a zone id means nothing outside its machine (RFC 4007 §6).
    """
    if "%" in text:
        raise Unreadable("host.ipv6-zone")
    try:
        return str(IPv6Address(text))
    except ValueError:
        raise Unreadable("host.no-ipv6") from None


def _read_ipv4(name: str) -> str:
    try:
        return str(IPv4Address(name))
    except ValueError:
        raise Unreadable("host.no-ipv4") from None


def _to_ascii(text: str) -> str:
    if text.isascii():
        return text
    try:
        mapped = idna.uts46_remap(text, std3_rules=False, transitional=False)
        return ".".join(
            label if label.isascii() else idna.alabel(label).decode("ascii") for label in mapped.split(".")
        )
    except idna.IDNAError:
        raise Unreadable("host.characters") from None


def _check_labels(name: str, labels: list[str]) -> None:
    if len(name) > MAX_NAME_OCTETS:
        raise Unreadable("host.long", count=len(name), most=MAX_NAME_OCTETS)
    if service := _SERVICE.match(name):
        raise Unreadable("host.service", domain=name[service.end() :])
    for label in labels:
        if not label:
            raise Unreadable("host.dots")
        if len(label) > MAX_LABEL_OCTETS:
            raise Unreadable("host.long-label", count=len(label), most=MAX_LABEL_OCTETS)
        if not _LABEL.fullmatch(label):
            raise Unreadable("host.label", label=repr(label))
