"""Option values that need reading: each is refused with the value, the fault and the mend."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from sipcheck.cli.usage import refuse
from sipcheck.errors import TargetInvalid
from sipcheck.guard import Guard
from sipcheck.target import HostPort, parse_host_port


def read_guard(networks: Sequence[str], ports: Sequence[str]) -> Guard:
    """Read --allow-network and --allow-port."""
    return Guard(
        allow_networks=tuple(_network(text) for text in networks),
        allow_ports=frozenset(_port(text, "--allow-port") for text in ports),
    )


def read_port(text: str | None) -> int | None:
    """Read --port."""
    return None if text is None else _port(text, "--port")


def read_nameservers(texts: Sequence[str]) -> tuple[HostPort, ...]:
    """Read --nameserver."""
    return tuple(_nameserver(text) for text in texts)


def read_source_address(text: str | None) -> str | None:
    """Read --source-address; whether it can be bound is for the engine to find out."""
    if text is None:
        return None
    try:
        return str(ip_address(text))
    except ValueError:
        refuse(f"--source-address {text!r} is no IP address; give one of this machine, such as 192.0.2.10")


def read_timeout(text: str) -> float:
    """Read --timeout."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        refuse(f"--timeout {text!r} is not usable; give a positive number of seconds, such as 10")
    return seconds


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        refuse(f"--allow-network {text!r}: {error}; give a network such as 127.0.0.0/8 or ::1/128")


def _port(text: str, option: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535):
        refuse(f"{option} {text!r} is no port; give a number from 1 to 65535")
    return int(text)


def _nameserver(text: str) -> HostPort:
    try:
        server = parse_host_port(text)
        ip_address(server.host)
    except TargetInvalid as error:
        refuse(f"--nameserver {text!r}: {error}")
    except ValueError:
        refuse(f"--nameserver {text!r} is a name; give an address such as 192.0.2.53 or [2001:db8::53]:5353")
    return server
