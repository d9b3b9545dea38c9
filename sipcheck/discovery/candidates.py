"""The ways to a carrier that are worth a try: where its SRV records lead, and the usual ports of its addresses."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sipcheck.dns.resolver import Resolver
from sipcheck.dns.route import Edge, Route, judge_edge, judge_edges
from sipcheck.failure import Failure
from sipcheck.guard import Guard
from sipcheck.reasons import Outcome, WarningCode
from sipcheck.report.rulings import ruling
from sipcheck.target import HostPort, Target, TransportName

MAX_CANDIDATES = 32

_SIP_PORT, _SIPS_PORT = (transport.default_port for transport in (TransportName.UDP, TransportName.TLS))


class FoundBy(StrEnum):
    """What speaks for a candidate."""

    SRV = "srv"
    DEFAULT = "default"  # one of SIP's two ports, at an address of the domain
    CONFIGURED = "configured"  # the target's own port, where it is neither
    ALSO = "also"  # a port the caller named


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to try. `configured` says that the target as it is set leads here; `refusal` is the guard's."""

    edge: Edge
    via: FoundBy
    configured: bool
    refusal: Failure | None


@dataclass(frozen=True, slots=True)
class Candidates:
    """Ways in the order to try them, or why there are none; `notes` are sentences for a person.

    `refusal` is set where the target leads to a place that the guard forbids: then none may be tried.
    """

    found: tuple[Candidate, ...] = ()
    failure: Failure | None = None
    refusal: Failure | None = None
    notes: tuple[str, ...] = ()


async def find_candidates(
    target: Target, resolver: Resolver, guard: Guard, *, also: Sequence[int], timeout_seconds: float
) -> Candidates:
    """Ask DNS for every way at once, and judge each address and port that it yields."""
    transports = (TransportName.TLS,) if target.secure else tuple(TransportName)
    free = next_hop_at(replace(target, transport=None), None)
    wanted = dict.fromkeys(
        [
            target,
            free,
            *(replace(free, transport=transport) for transport in transports),
            # With a port RFC 3263 §4.2 goes by A and AAAA alone.
            next_hop_at(free, _SIP_PORT),
        ]
    )
    found = await asyncio.gather(
        *(resolver.resolve(each, timeout_seconds=timeout_seconds) for each in wanted)
    )
    routes = dict(zip(wanted, found, strict=True))
    ways = _ways(routes, target, transports, also)
    notes = _notes(routes.values(), found=bool(ways))
    if target.secure:
        notes.append("sips: means TLS, so udp and tcp were not tried")
    if not ways:
        return Candidates(failure=routes[target].failure, notes=tuple(notes))
    configured = {_key(edge) for edge in routes[target].edges}
    judged = [Candidate(edge, via, _key(edge) in configured, judge_edge(edge, guard)) for edge, via in ways]
    if len(judged) > MAX_CANDIDATES:
        notes.append(f"there are {len(judged)} ways to try; the first {MAX_CANDIDATES} were taken")
    # What DNS named beyond the edges that are ever tried is judged with them.
    beyond = (edge for route in routes.values() for edge in route.beyond)
    refusal = routes[target].refused_name(guard) or _refusal_of_target(judged) or judge_edges(beyond, guard)
    return Candidates(found=tuple(judged[:MAX_CANDIDATES]), refusal=refusal, notes=tuple(notes))


def next_hop_at(target: Target, port: int | None) -> Target:
    """Put another port on the host that is resolved: the outbound proxy, or the domain."""
    if target.outbound_proxy is None:
        return replace(target, port=port)
    return replace(target, outbound_proxy=HostPort(target.outbound_proxy.host, port))


def _ways(
    routes: dict[Target, Route], target: Target, transports: Sequence[TransportName], also: Sequence[int]
) -> list[tuple[Edge, FoundBy]]:
    """List what may be tried, the likelier first, each address, port and transport once."""
    edges = [edge for route in routes.values() for edge in route.edges]
    named = [edge for edge in edges if edge.priority is not None]
    # A domain without addresses of its own lends SIP's ports to its servers.
    hosts = _hosts(edge for edge in edges if edge.priority is None) or _hosts(named)
    usual = [(transport.default_port, transport) for transport in transports]
    both = [(port, transport) for port in (_SIP_PORT, _SIPS_PORT) for transport in transports]
    ways = [
        *((edge, FoundBy.SRV) for edge in named),
        *(_at(hosts, usual, FoundBy.DEFAULT)),
        *((edge, FoundBy.CONFIGURED) for edge in routes[target].edges),
        *(_at(hosts, [(port, transport) for port in also for transport in transports], FoundBy.ALSO)),
        *(_at(hosts, both, FoundBy.DEFAULT)),
    ]
    first: dict[tuple[str, int, TransportName], tuple[Edge, FoundBy]] = {}
    for edge, via in ways:
        if via is FoundBy.CONFIGURED and edge.port in (_SIP_PORT, _SIPS_PORT):
            via = FoundBy.DEFAULT
        first.setdefault(_key(edge), (edge, via))
    return list(first.values())


def _hosts(edges: Iterable[Edge]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((edge.host, edge.address) for edge in edges))


def _at(
    hosts: Sequence[tuple[str, str]], ports: Sequence[tuple[int, TransportName]], via: FoundBy
) -> list[tuple[Edge, FoundBy]]:
    return [
        (Edge(host, address, port, transport), via) for port, transport in ports for host, address in hosts
    ]


def _key(edge: Edge) -> tuple[str, int, TransportName]:
    return edge.address, edge.port, edge.transport


def _refusal_of_target(judged: Sequence[Candidate]) -> Failure | None:
    """What the target itself leads to is refused whole; a port that the caller named, by itself alone."""
    return next((each.refusal for each in judged if each.refusal and each.via is not FoundBy.ALSO), None)


def _notes(routes: Iterable[Route], *, found: bool) -> list[str]:
    """Say what DNS left unanswered; that a service has no record is not worth a note."""
    said = []
    for route in routes:
        said += [warning.detail for warning in route.warnings if warning.code is WarningCode.DNS_PARTIAL]
        if found and route.failure and ruling(route.failure.reason).outcome is Outcome.INCONCLUSIVE:
            said.append(route.failure.detail)
    return list(dict.fromkeys(said))
