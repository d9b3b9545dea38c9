"""One verification: resolve, guard, probe, and hand what was seen to the report."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sipcheck.credentials import Credentials
from sipcheck.diagnosis.evidence import Proof
from sipcheck.dns.resolver import Edge, Resolver, Route
from sipcheck.errors import SettingInvalid
from sipcheck.failure import Failure
from sipcheck.report.model import Direction, Report
from sipcheck.report.trace import Trace
from sipcheck.settings import EngineSettings
from sipcheck.target import Target
from sipcheck.transaction.exchange import BeforeCredentials
from sipcheck.transaction.time_plan import TimePlan
from sipcheck.verification.edge_order import EdgeOrder
from sipcheck.verification.edge_probe import EdgeProbe
from sipcheck.verification.identity import Identity
from sipcheck.verification.report_builder import ReportBuilder
from sipcheck.verification.run_context import OpenChannel, RunContext, UdpBatchFor

MAX_PROBED_EDGES = 8

# Awaited with the judged edges that are about to be asked, before anything is sent to them.
Admit = Callable[[Sequence[Edge]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Survey:
    """What a run saw of a destination, for others to take over: its route, and the edges that were probed."""

    route: Route
    probes: tuple[EdgeProbe, ...] = ()

    @property
    def requests(self) -> int:
        """How many requests it took, retransmissions among them."""
        steps = self.probes[0].run.trace.steps if self.probes else ()
        return sum(step.direction is Direction.SENT for step in steps)


class Verification:
    """Runs once. Raises SettingInvalid for a timeout that is not a positive number of seconds."""

    def __init__(
        self,
        *,
        target: Target,
        settings: EngineSettings,
        resolver: Resolver,
        open_channel: OpenChannel,
        credentials: Credentials | None,
        proof: Proof,
        timeout_seconds: float,
        before_credentials: BeforeCredentials | None,
        udp_batch_for: UdpBatchFor | None = None,
        survey: Survey | None = None,
        admit: Admit | None = None,
    ) -> None:
        if not 0 < timeout_seconds < float("inf"):
            raise SettingInvalid(f"timeout {timeout_seconds!r} is not a positive number of seconds")
        self._target = target
        self._settings = settings
        self._resolver = resolver
        self._trace = Trace()
        self._plan = TimePlan(timeout_seconds)
        identity = Identity(
            target=target,
            username=credentials.username if credentials else None,
            from_user=settings.from_user,
            from_domain=settings.from_domain,
        )
        self._run = RunContext(
            identity=identity,
            open_channel=open_channel,
            trace=self._trace,
            plan=self._plan,
            deadline=asyncio.get_running_loop().time() + timeout_seconds,
            credentials=credentials,
            proof=proof,
            before_credentials=before_credentials,
            udp_batch_for=udp_batch_for,
        )
        self._given = survey
        self._admit = admit
        self._builder = ReportBuilder(
            target=target,
            settings=settings,
            run=self._run,
            started_at=datetime.now(UTC),
        )

    async def run(self) -> Report:
        """Resolve, judge every address, probe, report; with a survey, only what it leaves open."""
        survey = self._given
        route = survey.route if survey is not None else await self._resolve()
        self._builder.resolved(route)
        if route.failure is not None:
            return self._builder.unreached(route.failure)
        refusal = self._judge(route)
        if refusal is not None:
            self._trace.event(None, f"{refusal.reason}: {refusal.detail}")
            return self._builder.unreached(refusal)
        await self._wait_admitted(route)
        probes = self._probes(route)
        if survey is not None:
            for probe, seen in zip(probes, survey.probes, strict=True):
                probe.adopt(seen)
        await self._probe(probes)
        return self._builder.probed(probes)

    async def survey(self) -> Survey:
        """Ask for liveness alone, for several runs to share; what was refused or not found stands in the route."""
        route = await self._resolve()
        if route.failure is not None or self._judge(route) is not None:
            return Survey(route)
        probes = self._probes(route)
        await self._probe(probes)
        return Survey(route, probes)

    async def _resolve(self) -> Route:
        return await self._resolver.resolve(self._target, timeout_seconds=self._plan.dns_seconds)

    async def _wait_admitted(self, route: Route) -> None:
        """Let others decide when to send; what they take is added to the deadline."""
        if self._admit is None:
            return
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        await self._admit(route.edges[:MAX_PROBED_EDGES])
        self._run = replace(self._run, deadline=self._run.deadline + loop.time() - asked_at)

    def _probes(self, route: Route) -> tuple[EdgeProbe, ...]:
        return tuple(EdgeProbe(edge, self._run) for edge in route.edges[:MAX_PROBED_EDGES])

    def _judge(self, route: Route) -> Failure | None:
        """A name with one forbidden address fails whole: the rest could change places with it."""
        edges = (*route.edges, *route.beyond)
        return next((refusal for edge in edges if (refusal := self._refusal(edge))), None)

    def _refusal(self, edge: Edge) -> Failure | None:
        return self._settings.guard.judge(edge.address, edge.port)

    async def _probe(self, probes: Sequence[EdgeProbe]) -> None:
        try:
            await EdgeOrder(probes, self._run).execute()
        finally:
            await asyncio.gather(*(probe.close() for probe in probes))
