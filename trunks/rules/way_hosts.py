"""What calls may name of a carrier's edges: literals, and names that lead to nothing else than what was proven."""

from collections.abc import Iterator

from sipcheck.host import is_address, read_host
from sipcheck.target import HostPort, TransportName
from trunks.rules.way_evidence import WayEdge, WayEvidence


def route_to(host: str, edge: WayEdge) -> str:
    """Write the Route by which calls are led to an edge, named so.

    Without the parameter it would go by UDP, whatever the side's transport.
    """
    return f"<sip:{HostPort(host, edge.port)};lr;transport={edge.transport}>"


def hosts_of(known: WayEvidence, edge: WayEdge) -> Iterator[str]:
    """What a Route or an address may name for an edge: its literal, else names whose every address is proven.

    With `pin_edges` no name: the infrastructure would ask its resolver for it.
    """
    if edge.transport is not TransportName.TLS or not known.tls_names or edge.certifies(edge.address):
        yield edge.address
    if known.pin_edges:
        return
    for host in dict.fromkeys((edge.host, known.domain)):
        others = known.of_host(host, edge.transport)
        if is_address(host) or not others or not _is_host_name(host):
            continue
        if all(each.lives and each.is_ipv4 and certified(known, each, host) for each in others):
            yield host


def certified(known: WayEvidence, edge: WayEdge, host: str) -> bool:
    """Whether a call to this host takes the edge's certificate."""
    return edge.transport is not TransportName.TLS or not known.tls_names or edge.certifies(host)


def by_preference(known: WayEvidence) -> list[WayEdge]:
    """The living edges by priority, and among equals the one in use first, so that an equal one moves nothing."""
    return sorted(living(known), key=lambda each: (each.priority or 0, each.name != known.current))


def living(known: WayEvidence) -> list[WayEdge]:
    """The edges that answer and that calls can reach."""
    return [each for each in known.edges if each.lives and each.is_ipv4]


def _is_host_name(host: str) -> bool:
    """Whether it is one that a header may carry: an SRV record's target may be any octets."""
    try:
        return read_host(host) == host
    except ValueError:
        return False
