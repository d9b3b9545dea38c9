"""One way by RFC 3263 §4: which questions to ask in which order, and what their answers come to."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from random import Random
from typing import Any, TypeVar

from sipcheck.diagnosis.details import warn
from sipcheck.dns.address_order import order_addresses
from sipcheck.dns.bounded_answer import MAX_LABELS, MAX_RECORDS
from sipcheck.dns.failure import UNANSWERED, failure_of, gravest, host_failure, say_failed, service_refused
from sipcheck.dns.naptr import Service, select_services, services_for
from sipcheck.dns.query import DnsAnswer, DnsClient, Record
from sipcheck.dns.route import Edge, Route
from sipcheck.dns.srv import SrvRecord, order_srv
from sipcheck.failure import Failure
from sipcheck.host import is_address
from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import Cause, Reason, WarningCode
from sipcheck.report.model import ReportWarning
from sipcheck.target import HostPort, Target, TransportName

# Bounds of one route (docs/design/sip.md, "Bounds"): more than any carrier publishes.
MAX_SRV_RECORDS = 32
MAX_HOSTS = 16
MAX_EDGES = 32
MAX_JUDGED = 128
MAX_QUESTIONS_OF_RUN = 8

_SRV_AFTER_ALL_PORTS = (5060, 5061)

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class _Server:
    """A host to look up, and how to speak to it."""

    host: str
    port: int
    transport: TransportName
    priority: int | None = None
    weight: int | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class Walk:
    """One way from a target to its edges; it is followed once."""

    client: DnsClient
    random: Random
    is_usable: Callable[[str], bool]
    deadline_at: float
    naptr_deadline_at: float
    srv_deadline_at: float
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_QUESTIONS_OF_RUN))
    _steps: list[DnsAnswer[Any]] = field(default_factory=list)
    _warnings: list[ReportWarning] = field(default_factory=list)

    async def follow(self, target: Target) -> Route:
        """Ask whatever has to be asked, and give the edges or the failure with all that was seen on the way."""
        found = await self._follow(target)
        failure = found if isinstance(found, Failure) else None
        edges = () if isinstance(found, Failure) else tuple(found)
        self._tell_left_aside()
        if len(edges) > MAX_EDGES:
            or_more = "-or-more" if len(edges) == MAX_JUDGED else ""
            self._warn(f"addresses{or_more}", count=len(edges), most=MAX_EDGES)
        return Route(
            edges=edges[:MAX_EDGES],
            beyond=edges[MAX_EDGES:],
            warnings=tuple(self._warnings),
            failure=failure,
            steps=tuple(self._steps),
            host=target.domain if target.outbound_proxy is None else target.outbound_proxy.host,
        )

    async def _follow(self, target: Target) -> list[Edge] | Failure:
        next_hop = target.outbound_proxy or HostPort(target.domain, target.port)
        asked = TransportName.TLS if target.secure else target.transport
        # §4.1: where nothing else decides, UDP for sip:.
        transport = asked or TransportName.UDP
        server = _Server(next_hop.host, next_hop.port or transport.default_port, transport)
        if is_address(next_hop.host):
            return [Edge(server.host, server.host, server.port, server.transport)]
        if next_hop.port is not None:
            return await self._follow_port(server, asked, secure=target.secure)
        services = () if asked is not None and not target.secure else await self._naptr(target, next_hop.host)
        named = services or services_for(next_hop.host, transport=asked, secure=target.secure)
        servers = await self._srv(next_hop.host, named)
        if services:
            # §4.2: the transport stays the one that NAPTR chose.
            chosen = services[0].transport
            server = _Server(next_hop.host, chosen.default_port, chosen)
        if isinstance(servers, Failure):
            return await self._without_srv(server, servers)
        return await self._edges(servers or [server])

    async def _follow_port(
        self, server: _Server, asked: TransportName | None, *, secure: bool
    ) -> list[Edge] | Failure:
        """A port given means A and AAAA (§4.2), unless it is the usual one and the name has none."""
        edges = await self._edges([server])
        if not isinstance(edges, Failure) or server.port not in _SRV_AFTER_ALL_PORTS:
            return edges
        if edges.reason not in (Reason.DNS_NXDOMAIN, Reason.DNS_NO_RECORDS):
            return edges
        servers = await self._srv(server.host, services_for(server.host, transport=asked, secure=secure))
        if isinstance(servers, Failure):
            return servers
        if not servers:
            return edges
        suppressed = Sentence.of("warning.port-suppresses-srv", host=server.host, port=server.port)
        self._warnings.append(warn(WarningCode.PORT_SUPPRESSES_SRV, suppressed))
        return await self._edges(servers)

    async def _without_srv(self, server: _Server, failure: Failure) -> list[Edge] | Failure:
        """Go by the name's own address where SRV met silence alone; where it was refused, say that there is one."""
        if failure.reason not in UNANSWERED:
            return failure
        edges = await self._edges([server])
        if isinstance(edges, Failure):
            return failure
        said = Sentence.of(
            "dns.own-address", failure=failure.sentence, host=server.host, address=edges[0].address
        )
        if failure.reason is Reason.DNS_SERVFAIL:
            return Failure(failure.reason, said, Cause.SRV_REFUSED)
        self._warn("own-address", detail=said)
        doubt = Failure(failure.reason, said, Cause.SRV_UNANSWERED)
        return [replace(edge, instead_of=doubt) for edge in edges]

    async def _naptr(self, target: Target, domain: str) -> tuple[Service, ...]:
        answer = await self.client.naptr(domain, deadline_at=self.naptr_deadline_at)
        self._steps.append(answer)
        if answer.failed:
            self._warn("naptr", detail=say_failed(answer))
        return select_services(answer.records, secure=target.secure)

    async def _srv(self, domain: str, services: Sequence[Service]) -> list[_Server] | Failure:
        """Ask for every service; an empty list says that none has a record (RFC 2782)."""
        answers = await self._together(
            self.client.srv(service.srv_name, deadline_at=self.srv_deadline_at) for service in services
        )
        servers = [
            _Server(record.target, record.port, service.transport, record.priority, record.weight)
            for service, answer in zip(services, answers, strict=True)
            for record in self._usable(answer)
        ]
        failed = [answer for answer in answers if answer.failed]
        if not servers and failed:
            return gravest(map(failure_of, failed))
        for answer in failed:
            self._warn("srv", detail=say_failed(answer))
        if not servers and any(answer.records for answer in answers):
            return service_refused(domain, answers)
        return self._bounded(servers, MAX_SRV_RECORDS, "srv-records")

    def _usable(self, answer: DnsAnswer[SrvRecord]) -> list[SrvRecord]:
        by_priority = sorted(answer.records, key=lambda record: record.priority)
        drawn = order_srv(self._bounded(by_priority, MAX_SRV_RECORDS, "srv-records"), self.random)
        for record in drawn:
            if record.target and not record.port:
                self._warn("port-zero", name=answer.name, target=record.target)
        return [record for record in drawn if record.target and record.port]

    async def _edges(self, servers: Sequence[_Server]) -> list[Edge] | Failure:
        """Look up every host in both families; a host without an address is a warning while others have one."""
        named_by_srv = {server.host: server.priority is not None for server in servers}
        hosts = self._bounded(list(named_by_srv), MAX_HOSTS, "servers")
        answers = await self._together(
            ask(host, deadline_at=self.deadline_at)
            for host in hosts
            for ask in (self.client.ipv6, self.client.ipv4)
        )
        pairs = dict(zip(hosts, zip(answers[::2], answers[1::2], strict=True), strict=True))
        failures = [
            failure
            for host, pair in pairs.items()
            if (failure := host_failure(*pair, named_by_srv=named_by_srv[host]))
        ]
        addresses: dict[str, tuple[str, ...]] = {}
        for host, pair in pairs.items():
            addresses[host] = self._addresses(*pair)
            await asyncio.sleep(0)  # the routing table was asked for each: others have their turn
        edges = list(islice(_each_once(servers, addresses), MAX_JUDGED))
        if not edges:
            return gravest(failures)
        for failure in failures:
            self._warn("other-servers", detail=failure.sentence)
        return edges

    def _addresses(self, ipv6: DnsAnswer[str], ipv4: DnsAnswer[str]) -> tuple[str, ...]:
        for lost, other in ((ipv6, ipv4), (ipv4, ipv6)):
            if lost.failed and other.records:
                self._warn("other-family", detail=say_failed(lost), record_type=other.record_type)
        six, four = ipv6.records, ipv4.records
        # Only those that may come to be used are worth asking the routing table for.
        ordered = order_addresses(six[:MAX_EDGES], four[:MAX_EDGES], self.is_usable)
        return (*ordered, *six[MAX_EDGES:], *four[MAX_EDGES:])

    async def _together(
        self, questions: Iterable[Coroutine[Any, Any, DnsAnswer[Record]]]
    ) -> list[DnsAnswer[Record]]:
        """Ask so many at once as one run may, and keep the answers as steps of the way."""

        async def in_turn(question: Coroutine[Any, Any, DnsAnswer[Record]]) -> DnsAnswer[Record]:
            async with self._turns:
                return await question

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(in_turn(question)) for question in questions]
        answers = [task.result() for task in tasks]
        self._steps += answers
        return answers

    def _tell_left_aside(self) -> None:
        cut = [step for step in self._steps if step.left_aside]
        if cut:
            self._warn(
                "long-answer",
                most=MAX_RECORDS,
                labels=MAX_LABELS,
                count=cut[0].left_aside,
                record_type=cut[0].record_type,
                name=cut[0].name,
            )

    def _bounded(self, found: Sequence[Item], most: int, what: str) -> list[Item]:
        if len(found) > most:
            self._warn(what, count=len(found), most=most)
        return list(found[:most])

    def _warn(self, what: str, **parameters: object) -> None:
        said = Sentence.of(f"warning.dns-partial.{what}", **parameters)
        self._warnings.append(warn(WarningCode.DNS_PARTIAL, said))


def _each_once(servers: Iterable[_Server], addresses: Mapping[str, Iterable[str]]) -> Iterator[Edge]:
    """The edges of the servers whose addresses are known, each address, port and transport once."""
    seen: set[tuple[str, int, TransportName]] = set()
    for server in servers:
        for address in addresses.get(server.host, ()):
            key = (address, server.port, server.transport)
            if key not in seen:
                seen.add(key)
                yield Edge(
                    server.host, address, server.port, server.transport, server.priority, server.weight
                )
