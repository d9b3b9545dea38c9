"""The host of a target in its one normal form: equal hosts are equal text, and the guard cannot be fooled."""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

import idna

MAX_LABEL_OCTETS = 63  # RFC 1035 §2.3.4
MAX_NAME_OCTETS = 253  # RFC 1035 §2.3.4: 255 on the wire, less the root and the first length octet

# Underscores are no host name (RFC 952), yet the DNS carries them and carriers name servers so.
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_SERVICE = re.compile(r"_sips?\._(?:udp|tcp|tls|sctp|ws|wss)\.", re.ASCII)


def is_address(host: str) -> bool:
    """Tell whether a host in normal form is an IPv4 or IPv6 literal."""
    if ":" in host:
        return True
    try:
        IPv4Address(host)
    except ValueError:
        return False
    return True


# The same few stand in every answer.
@lru_cache(maxsize=1024)
def plain_address(text: str) -> str:
    """Read an address into the one form of whom it stands for: an IPv4-mapped one is that IPv4 address.

    Source: RFC 4291 §2.5.5.2. Dual-stack peers write what came by IPv4 so. Raises ValueError.
    """
    address = ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def read_host(text: str) -> str:
    """Read a host name or an IPv4 literal into lower case A-labels without the trailing dot.

    Raises ValueError with the fault and how to fix it. A name whose last label is a number (none is,
    RFC 3696 §2) must be four decimal numbers: `127.1`, `0x7f.1`, `2130706433` are addresses to `inet_aton`.
    Unicode is mapped by UTS #46 and encoded by IDNA 2008 (RFC 5891 §4).
    """
    name = _to_ascii(text).lower().removesuffix(".")
    if not name:
        raise ValueError("the host is empty; give a domain, a host name or an IP address")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _read_ipv4(name)
    _check_labels(name, labels)
    return name


def read_ipv6(text: str) -> str:
    """Read an IPv6 literal without brackets into its compressed form (RFC 5952).

    Raises ValueError with the fault and how to fix it; a zone id means nothing outside its machine (RFC 4007 §6).
    """
    if "%" in text:
        raise ValueError(
            "an IPv6 zone id names an interface of one machine; give a global address without it"
        )
    try:
        return str(IPv6Address(text))
    except ValueError:
        raise ValueError("what is written is no IPv6 address; one looks like [2001:db8::1]") from None


def _read_ipv4(name: str) -> str:
    try:
        return str(IPv4Address(name))
    except ValueError:
        raise ValueError(
            "a host that ends in a number must be an IPv4 address; write four decimal numbers from 0 to 255, "
            "such as 192.0.2.1"
        ) from None


def _to_ascii(text: str) -> str:
    if text.isascii():
        return text
    try:
        mapped = idna.uts46_remap(text, std3_rules=False, transitional=False)
        return ".".join(
            label if label.isascii() else idna.alabel(label).decode("ascii") for label in mapped.split(".")
        )
    except idna.IDNAError:
        raise ValueError(
            "the name holds characters that no domain name may hold (IDNA 2008); write it in plain letters, "
            "or in its xn-- form"
        ) from None


def _check_labels(name: str, labels: list[str]) -> None:
    if len(name) > MAX_NAME_OCTETS:
        raise ValueError(
            f"the name is {len(name)} characters long; a domain name has at most {MAX_NAME_OCTETS}"
        )
    if service := _SERVICE.match(name):
        raise ValueError(
            f"this is the name of an SRV record; give the domain after it, {name[service.end() :]}"
        )
    for label in labels:
        if not label:
            raise ValueError("two dots stand together, or one stands first; put one dot between two labels")
        if len(label) > MAX_LABEL_OCTETS:
            raise ValueError(
                f"the part between two dots is {len(label)} characters long; "
                f"it has at most {MAX_LABEL_OCTETS}"
            )
        if not _LABEL.fullmatch(label):
            raise ValueError(f"{label!r} is no part of a host name; use letters, digits and inner hyphens")
