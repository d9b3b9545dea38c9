"""The texts that settings are written as, read into values; each raises ValueError with the fault and the fix."""

import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from sipcheck.errors import CallerError, SettingInvalid, TargetInvalid
from sipcheck.guard import EVERY_NAME
from sipcheck.host import is_address
from sipcheck.media.sockets import PortRange
from sipcheck.settings import PROOF_NUMBER
from sipcheck.target import HostPort, Target, parse_host_port, parse_target
from sipcheck.verification.calling.numbers import NumberRefused, read_nobodys_number
from trunks.rules.allow_list import read_network
from trunks.rules.knock_limits import SHIPPED_RULES, KnockRules, read_limits
from trunks.rules.operator_notice import read_addresses as read_addresses_of_operator
from trunks.secrets.keys import parse_keys

_FROM_USER = re.compile(r"[A-Za-z0-9._~!*'()+-]{1,64}", re.ASCII)  # unreserved, RFC 3261 §25.1
_LAST_PORT = 65535
_DATABASE_FORM = "postgresql+psycopg://user:password@host/database, or sqlite:///file"


def _entries(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def read_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(_read_network(entry) for entry in _entries(text))


def _read_network(text: str) -> IPv4Network | IPv6Network:
    try:
        return read_network(text)
    except ValueError as fault:
        raise ValueError(f"{text!r} {fault}; give CIDRs such as 10.0.0.0/8,fd00::/8") from None


def read_names(text: str) -> tuple[str, ...]:
    return tuple(_read_name(entry) for entry in _entries(text))


def _read_name(text: str) -> str:
    if text == EVERY_NAME:
        return text
    name = read_domain(text)
    if is_address(name):
        raise ValueError(
            f"{text!r} is an address; give names such as pbx.internal, and addresses as networks"
        )
    return name


def read_ports(text: str) -> frozenset[int]:
    return frozenset(_read_port(entry) for entry in _entries(text))


def _read_port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535):
        raise ValueError(f"{text!r} is no port; give numbers from 1 to 65535, such as 53,8060")
    return int(text)


def read_nameservers(text: str) -> tuple[HostPort, ...]:
    return tuple(_read_nameserver(entry) for entry in _entries(text))


def _read_nameserver(text: str) -> HostPort:
    try:
        server = parse_host_port(text)
        ip_address(server.host)
    except (TargetInvalid, ValueError):
        raise ValueError(
            f"{text!r} is no name server; give addresses such as 192.0.2.53,[2001:db8::53]:5353"
        ) from None
    return server


def read_targets(text: str) -> tuple[Target, ...]:
    return tuple(_read_target(entry) for entry in _entries(text))


def _read_target(text: str) -> Target:
    try:
        return parse_target(text)
    except CallerError as fault:
        raise ValueError(f"{fault} Give SIP URIs such as sip:canary.example,sip:192.0.2.7:5080") from None


def read_knocks(text: str) -> KnockRules:
    """Read limits of knocks: those of all addresses, and `name=limits` for those that a name leads to."""
    of_all, of_names = SHIPPED_RULES.of_all, {}
    for entry in _entries(text):
        name, equals, limits = entry.rpartition("=")
        if not equals:
            of_all = read_limits(limits)
        else:
            _read_target(name)
            of_names[name.strip()] = read_limits(limits.strip())
    return KnockRules(of_all, of_names)


def read_address(text: str) -> str:
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        raise ValueError(f"{text!r} is no IP address; give one such as 192.0.2.10") from None


def read_addresses(text: str) -> tuple[str, ...]:
    return tuple(read_address(entry) for entry in _entries(text))


def read_proof_number(text: str) -> str:
    number = text.strip()
    # Judged in the tests; here every start of every command would load what 241 regions dial for it.
    if number == PROOF_NUMBER:
        return number
    try:
        return read_nobodys_number(number)
    except NumberRefused as fault:
        raise ValueError(str(fault).rstrip(".")) from None


def read_rtp_ports(text: str) -> PortRange:
    try:
        return PortRange.parse(text)
    except SettingInvalid as fault:
        raise ValueError(str(fault).rstrip(".")) from None


def read_domain(text: str) -> str:
    try:
        host = parse_host_port(text)
    except TargetInvalid as fault:
        raise ValueError(str(fault)) from None
    if host.port is not None:
        raise ValueError(f"{text!r} has a port; give the host alone")
    return host.host


def read_host_port(text: str) -> HostPort:
    try:
        return parse_host_port(text)
    except TargetInvalid as fault:
        raise ValueError(f"{str(fault).rstrip('.')}; give host[:port], such as egress.example:5060") from None


def read_listening_place(text: str) -> HostPort:
    """Read an IPv4 address and a port that is not the last: the one after it is needed too."""
    place = _with_second_port(text)
    try:
        IPv4Address(place.host)
    except ValueError:
        raise ValueError(
            f"{text!r} names no IPv4 address of this machine; give one with a port, such as 0.0.0.0:5070"
        ) from None
    return place


def read_reachable_place(text: str) -> HostPort:
    """Read what the infrastructure is to call: a name or an IPv4 address: it calls no other."""
    place = _with_second_port(text)
    if ":" in place.host or place.host == "0.0.0.0":
        raise ValueError(
            f"{text!r} cannot be called; give a name or an IPv4 address with a port, such as 203.0.113.5:5070"
        )
    return place


def _with_second_port(text: str) -> HostPort:
    try:
        place = parse_host_port(text)
    except TargetInvalid as fault:
        raise ValueError(f"{str(fault).rstrip('.')}; give host:port") from None
    if place.port is None or place.port >= _LAST_PORT:
        raise ValueError(f"{text!r} needs a port from 1 to {_LAST_PORT - 1}; the one after it is used too")
    return place


def read_http_url(text: str) -> str:
    return _read_url(
        text,
        ("http", "https", "ws", "wss"),
        "it is no URL of LiveKit's; give one such as https://project.example or ws://host:7880",
    )


def read_public_url(text: str) -> str:
    url = _read_url(
        text,
        ("http", "https"),
        "it is no address of this service; give one such as https://sip.platform.example",
    )
    parts = urlsplit(url)
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError(
            "it has more than host, port and path; give one such as https://sip.platform.example"
        )
    return url.rstrip("/")


def read_from_user(text: str) -> str:
    if not _FROM_USER.fullmatch(text):
        raise ValueError(
            f"{text!r} is no user of a SIP URI; give up to 64 letters, digits and -_.~!*'()+, such as trunk-check"
        )
    return text


def read_database_url(text: str) -> str:
    """The fault never shows the URL: it may hold a password."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise ValueError(f"it is no database URL; give {_DATABASE_FORM}") from None
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:":
            raise ValueError("SQLite needs a file here; give sqlite:///var/trunks.sqlite, or leave it out")
        return text
    if url.drivername != "postgresql+psycopg":
        raise ValueError(f"{url.drivername} is not supported; give {_DATABASE_FORM}")
    return text


def read_broker_url(text: str) -> str:
    return _read_url(
        text,
        ("redis", "rediss", "amqp", "amqps"),
        "it is no broker URL; give redis://host:6379/0 or amqp://user:password@host//",
    )


def _read_url(text: str, schemes: Collection[str], fault: str) -> str:
    """The fault never shows the URL: it may hold a password."""
    try:
        parts = urlsplit(text)
        # Reading the port is what judges it.
        known = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise ValueError(fault)
    return text


def read_notify_urls(text: str) -> str:
    """The fault never shows an address, which has secrets in it."""
    read_addresses_of_operator(text)
    return text


def read_secret_keys(text: str) -> str:
    """The fault never shows key material."""
    parse_keys(text)
    return text
