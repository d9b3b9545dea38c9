"""What calls may name of a carrier's edges: literals, and names that lead to nothing else than what was proven."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from math import log

from sipcheck.host import is_address, read_host
from sipcheck.target import HostPort, Target, TransportName
from sipcheck.transaction.invite.led_call import LedCall
from trunks.rules.way_evidence import OutboundWay, WayEdge, WayEvidence, WayForm

_LEAST_WEIGHT = 0.01


def route_to(host: str, edge: WayEdge) -> str:
    """Write the Route by which calls are led to an edge, named so.

    Without the parameter it would go by UDP, whatever the side's transport.
    """
    return f"<sip:{HostPort(host, edge.port)};lr;transport={edge.transport}>"


def led_target(target: Target, way: OutboundWay | None) -> Target:
    """Give the target of a request that goes by a trunk's way: by a Route to the edge, or to the edge's own host."""
    if way is None or way.edge is None:
        return target
    target = replace(target, transport=_chosen(target, way.edge))
    if way.host is None or way.form not in (WayForm.ROUTE, WayForm.TARGET):
        return target
    at = HostPort(way.host, way.edge.port)
    if way.form is WayForm.ROUTE:
        return replace(target, outbound_proxy=at, transport=way.edge.transport)
    return Target(domain=at.host, port=at.port, transport=way.edge.transport)


def led_call(target: Target, way: OutboundWay | None) -> LedCall | None:
    """Say how calls to a trunk's target are written by its way; None where no edge of it is known."""
    if way is None or way.edge is None:
        return None
    edge, host = way.edge, way.host
    led = LedCall(edge=edge.name, transport=_chosen(target, edge))
    if host is None:
        return led
    if way.form is WayForm.TARGET:
        return replace(led, address=HostPort(host, edge.port), from_domain=target.domain)
    return replace(led, route=route_to(host, edge)) if way.form is WayForm.ROUTE else led


def _chosen(target: Target, edge: WayEdge) -> TransportName | None:
    """The transport that a side is given: the edge's where the customer left it open, UDP being auto."""
    if target.transport is None and edge.transport.reliable:
        return edge.transport
    return target.transport


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
    """The living edges by priority, and among equals the one in use first, so that an equal one moves nothing.

    Behind it each trunk has an order of its own among those of one transport, drawn by the records' weights (RFC 2782):
    so the trunks of an edge that falls are shared out among those that live, and whoever decides comes to the same one.
    """
    found = living(known)
    transports = list(dict.fromkeys(each.transport for each in found))
    return sorted(
        found,
        key=lambda each: (
            each.priority or 0,
            each.name != known.current,
            transports.index(each.transport),
            -_drawn(known.lot, each),
        ),
    )


def _drawn(lot: str | None, edge: WayEdge) -> float:
    """Weigh an edge's part of a hash: one of twice the weight is first twice as often (weighted rendezvous hashing)."""
    if lot is None:
        return 0.0
    digest = sha256(f"{lot} {edge.name}".encode()).digest()
    fraction = (int.from_bytes(digest[:8], "big") + 1) / (2**64 + 1)
    # RFC 2782: a weight of 0 has a very small chance beside others.
    weight = 1.0 if edge.weight is None else max(float(edge.weight), _LEAST_WEIGHT)
    return weight / -log(fraction)


def living(known: WayEvidence) -> list[WayEdge]:
    """The edges that answer and that calls can reach."""
    return [each for each in known.edges if each.lives and each.is_ipv4]


def _is_host_name(host: str) -> bool:
    """Whether it is one that a header may carry: an SRV record's target may be any octets."""
    try:
        return read_host(host) == host
    except ValueError:
        return False
