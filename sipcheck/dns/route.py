"""Where RFC 3263 leads: edges in the order to try them, and the questions asked on the way."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sipcheck.dns.infrastructure_dial import Dial
from sipcheck.dns.query import DnsAnswer
from sipcheck.failure import Failure
from sipcheck.guard import Guard
from sipcheck.report.model import ReportWarning
from sipcheck.target import TransportName, edge_name


@dataclass(frozen=True, slots=True)
class Edge:
    """One address to send to. `host` is the name that led there; priority and weight are the SRV record's.

    `instead_of` says what DNS left unanswered, where the address is the next best thing: when nothing answers there,
    that is the verdict.
    """

    host: str
    address: str
    port: int
    transport: TransportName
    priority: int | None = None
    weight: int | None = None
    instead_of: Failure | None = None

    def __str__(self) -> str:
        return edge_name(self.address, self.port, self.transport)


@dataclass(frozen=True, slots=True)
class Route:
    """Edges, or the failure that left none; `steps` is the NAPTR, SRV, A/AAAA way in the order asked.

    `beyond` are those above the number that is used: never dialled, but judged by the guard with the others, since
    they could change places with them. `dialled` is where the voice infrastructure would send a call, where that was
    asked for. `host` is the name or literal that all of it began with.
    """

    edges: tuple[Edge, ...] = ()
    beyond: tuple[Edge, ...] = ()
    warnings: tuple[ReportWarning, ...] = ()
    failure: Failure | None = None
    steps: tuple[DnsAnswer[Any], ...] = ()
    dialled: Dial | None = None
    host: str | None = None

    @property
    def ttl_seconds(self) -> int | None:
        """How long what leads to the edges may be kept; None where no record does."""
        known = [step.ttl_seconds for step in self.steps if step.ttl_seconds is not None]
        return max(known, default=None)

    def refusal(self, guard: Guard) -> Failure | None:
        """Judge it whole: with one forbidden address all of it is, since the rest could change places with it."""
        return self.refused_name(guard) or judge_edges((*self.edges, *self.beyond), guard)

    def refused_name(self, guard: Guard) -> Failure | None:
        """Judge the name that was asked for, whatever DNS says of it."""
        return None if self.host is None else guard.judge_name(self.host)

    def obstacle(self, guard: Guard) -> Failure | None:
        """Why nothing is sent: a name that may not be asked goes before what DNS says of it."""
        return self.refused_name(guard) or self.failure or self.refusal(guard)


def judge_edges(edges: Iterable[Edge], guard: Guard) -> Failure | None:
    """The guard's word on the first edge that it lets nothing be sent to; None where there is none."""
    return next((refusal for edge in edges if (refusal := judge_edge(edge, guard))), None)


def judge_edge(edge: Edge, guard: Guard) -> Failure | None:
    """The guard's word on an edge's address, its port, and the name that led there, be it an SRV record's."""
    return guard.judge_name(edge.host) or guard.judge(edge.address, edge.port)
