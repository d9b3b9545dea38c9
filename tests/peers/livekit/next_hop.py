"""Where an INVITE is sent: to its Route where it has one that can be read, else to the Request-URI."""

import re
from dataclasses import dataclass

from tests.peers.livekit.refusal import invalid

_ROUTE = re.compile(
    r'(?:"[^"]*" *)?<?[a-z]+:(?P<host>\[[^\]]*\]|[^<>;:,]*)(?::(?P<port>\d+))?(?P<rest>[^<>,]*)>?'
)
_PORTS = {"UDP": 5060, "TCP": 5060, "TLS": 5061}


@dataclass(frozen=True, slots=True)
class NextHop:
    """A host, which may be a name or nothing, its port, and how to go there."""

    host: str
    port: int
    transport: str


def next_hop(address: str, transport: str, route: str | None) -> NextHop:
    """Read the trunk's address, or the Route. `transport` is the trunk's; a Route has its own or goes by UDP.

    Raises Refusal.
    """
    if not route:
        # An empty Route is one, and names no host.
        host, port = ("", None) if route == "" else host_and_port(address)
        return _hop(host, port, "UDP" if route == "" else transport)
    found = _ROUTE.fullmatch(route)
    if found is None:
        return _hop(*host_and_port(address), transport)
    named = re.search(r"transport=(\w+)", found["rest"])
    return _hop(found["host"], int(found["port"] or 0), named[1].upper() if named else "UDP")


def host_and_port(address: str) -> tuple[str, int | None]:
    """Split an address as Go does: brackets go where a port follows. Raises Refusal."""
    match = re.fullmatch(r"(?:\[([^\]]*)\]|([^:\[]*)):(.+)", address)
    if match is None:
        return address, None
    if not match[3].isdigit():
        raise invalid(f'invalid request URI: invalid port in hostname: "{match[3]}"')
    return match[1] or match[2] or "", int(match[3])


def _hop(host: str, port: int | None, transport: str) -> NextHop:
    if ":" in host and not host.startswith("["):
        # It is written back without its brackets, and cannot be read any more.
        raise invalid(f"address {host}: too many colons in address")
    return NextHop(host, port or _PORTS[transport], transport)
