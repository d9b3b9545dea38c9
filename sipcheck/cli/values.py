"""Option values that need reading: each is refused with the value, the fault and the fix."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from sipcheck.cli.environment import Lasting
from sipcheck.cli.usage import refuse
from sipcheck.diagnosis.evidence import Proof
from sipcheck.errors import TargetInvalid
from sipcheck.guard import EVERY_NAME, Guard
from sipcheck.target import HostPort, parse_host_port

_LONGEST_SECONDS = 3600
_CALLER = re.compile(r"\+?[A-Za-z0-9._~-]{1,64}", re.ASCII)
_DECIMAL = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?|\.[0-9]{1,9}")


def read_guard(given_networks: Sequence[str] | None, given_ports: Sequence[str] | None) -> Guard:
    """Read --allow-network and --allow-port; with a network of his own its names are allowed too."""
    networks = Lasting.ALLOW_NETWORK.several(given_networks)
    ports = Lasting.ALLOW_PORT.several(given_ports)
    return Guard(
        allow_networks=tuple(_network(text, networks.source) for text in networks.texts),
        allow_ports=frozenset(read_ports(ports.texts, ports.source)),
        allow_names=(EVERY_NAME,) if networks.texts else (),
    )


def check_outbound_proxy(text: str | None) -> None:
    """Refuse an --outbound-proxy that is no host and port."""
    try:
        if text is not None:
            parse_host_port(text)
    except TargetInvalid as error:
        refuse(f"--outbound-proxy {text!r}: {error}")


def read_ports(texts: Sequence[str], option: str) -> list[int]:
    """Read a repeatable option that takes a port."""
    return [_port(text, option) for text in texts]


def read_port(text: str | None) -> int | None:
    """Read --port."""
    return None if text is None else _port(text, "--port")


def read_nameservers(texts: Sequence[str] | None) -> tuple[HostPort, ...]:
    """Read --nameserver; none stands for the system's."""
    given = Lasting.NAMESERVER.several(texts)
    return tuple(_nameserver(text, given.source) for text in given.texts)


def read_source_address(text: str | None) -> str | None:
    """Read --source-address; whether it can be bound is for the engine to find out."""
    given = Lasting.SOURCE_ADDRESS.one(text)
    for text in given.texts:
        try:
            return str(ip_address(text))
        except ValueError:
            refuse(f"{given.source} {text!r} is no IP address; give one of this machine, such as 192.0.2.10")
    return None


def check_caller(text: str | None, proof: Proof) -> None:
    """Refuse a --from that no call is made with, or that can be no caller."""
    if text is None:
        return
    if proof is not Proof.INVITE:
        refuse(f"--from {text!r} names who calls, and --proof {proof} makes no call; add --proof invite")
    if not _CALLER.fullmatch(text):
        refuse(f"--from {text!r} is no number or user; give one such as +442071234567")


def read_timeout(text: str) -> float:
    """Read --timeout."""
    seconds = read_positive(text)
    if seconds is None or seconds > _LONGEST_SECONDS:
        refuse(
            f"--timeout {text!r} is not usable; give a positive number of seconds "
            f"up to {_LONGEST_SECONDS}, such as 10"
        )
    return seconds


def read_positive(text: str) -> float | None:
    """Read a decimal number above zero, such as 10 or 0.5; null for anything else."""
    if not _DECIMAL.fullmatch(text):
        return None
    return float(text) or None


def _network(text: str, source: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        refuse(f"{source} {text!r}: {error}; give a network such as 127.0.0.0/8 or ::1/128")


def _port(text: str, option: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535):
        refuse(f"{option} {text!r} is no port; give a number from 1 to 65535")
    return int(text)


def _nameserver(text: str, source: str) -> HostPort:
    try:
        server = parse_host_port(text)
        ip_address(server.host)
    except TargetInvalid as error:
        refuse(f"{source} {text!r}: {error}")
    except ValueError:
        refuse(f"{source} {text!r} is a name; give an address such as 192.0.2.53 or [2001:db8::53]:5353")
    return server
