"""One verification: resolve, guard, probe, and hand what was seen to the report."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sipcheck.diagnosis.knocks import count_knocks
from sipcheck.dns.resolver import Resolver
from sipcheck.dns.route import Edge, Route
from sipcheck.reasons import Reason
from sipcheck.report.model import Direction, Report
from sipcheck.settings import EngineSettings
from sipcheck.target import Target
from sipcheck.transaction.run_context import RunContext
from sipcheck.verification.call_forms import FormQuestions, ask_forms
from sipcheck.verification.edge_order import EdgeOrder
from sipcheck.verification.edge_probe import EdgeProbe, probing
from sipcheck.verification.identity import Identity
from sipcheck.verification.report_builder import ReportBuilder

MAX_PROBED_EDGES = 8

_SHARED = "what stands before 0 ms was asked once, for all who share this destination"

# Awaited with the judged edges that are about to be asked, before anything is sent to them.
Admit = Callable[[Sequence[Edge]], Awaitable[None]]
# Called with a route as soon as it is found.
Resolved = Callable[[Route], None]


@dataclass(frozen=True, slots=True)
class Survey:
    """What a run saw of a destination, for others to take over: its route, and the edges that were probed.

    `reported` says that its knocks stand in a report already.
    """

    route: Route
    probes: tuple[EdgeProbe, ...] = ()
    reported: bool = False

    @property
    def knocks(self) -> int:
        """What it adds to those of the run that takes it over; it speaks for no account, so nothing forgives them."""
        return 0 if self.reported else count_knocks(Reason.ALIVE, (each.evidence for each in self.probes))

    @property
    def requests(self) -> int:
        """How many requests it took, retransmissions among them."""
        steps = self.probes[0].run.trace.steps if self.probes else ()
        return sum(step.direction is Direction.SENT for step in steps)


class Verification:
    """Runs once, by `report` or by `survey`."""

    def __init__(
        self, target: Target, run: RunContext, *, settings: EngineSettings, resolver: Resolver
    ) -> None:
        self._target = target
        self._run = run
        self._settings = settings
        self._resolver = resolver
        self._started_at = datetime.now(UTC)

    async def report(
        self,
        survey: Survey | None = None,
        admit: Admit | None = None,
        resolved: Resolved | None = None,
        forms: FormQuestions | None = None,
    ) -> Report:
        """Resolve, judge every address, probe, report; with a survey, only what it leaves open.

        What `forms` want to know is asked behind the verdict, and changes none.
        """
        builder = ReportBuilder(
            target=self._target, settings=self._settings, run=self._run, started_at=self._started_at
        )
        route = await self._resolve() if survey is None else survey.route
        if survey is None and resolved is not None:
            resolved(route)
        if survey is not None and survey.probes:
            self._run.trace.begin_with(survey.probes[0].run.trace, _SHARED)
        builder.resolved(route)
        obstacle = route.obstacle(self._settings.guard)
        if obstacle is not None:
            if obstacle is not route.failure:
                self._run.trace.event(None, f"{obstacle.reason}: {obstacle.detail}")
            return builder.unreached(obstacle)
        if admit is not None:
            await self._wait_admitted(route, admit)
        seen, shared = (survey.probes, survey.knocks) if survey is not None else ((), 0)
        if forms is None:
            return builder.probed(await self._probe(route, seen), shared_knocks=shared)
        async with self._probed(route, seen) as probes:
            report = builder.probed(probes, shared_knocks=shared)
            return await ask_forms(report, probes, forms, route.dialled, self._run)

    async def survey(self) -> Survey:
        """Ask for liveness alone, for several runs to share; what was refused or not found stands in the route."""
        route = await self._resolve()
        if route.obstacle(self._settings.guard) is not None:
            return Survey(route)
        return Survey(route, await self._probe(route))

    async def _resolve(self) -> Route:
        seconds = self._run.plan.dns_seconds
        route = await self._resolver.resolve(self._target, timeout_seconds=seconds)
        settings, proxy = self._settings, self._target.outbound_proxy
        if settings.infrastructure is None or (proxy is not None and settings.leads_to_proxies):
            return route
        dialled = await self._resolver.dialled(self._target, route, timeout_seconds=seconds)
        return replace(route, dialled=dialled)

    async def _wait_admitted(self, route: Route, admit: Admit) -> None:
        """Let others decide when to send; what they take is added to the deadline."""
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        await admit(route.edges[:MAX_PROBED_EDGES])
        self._run = replace(self._run, deadline=self._run.deadline + loop.time() - asked_at)

    async def _probe(self, route: Route, seen: Sequence[EdgeProbe] = ()) -> tuple[EdgeProbe, ...]:
        """Probe the edges; what was `seen` of the same edges before is taken over."""
        async with self._probed(route, seen) as probes:
            return probes

    @asynccontextmanager
    async def _probed(
        self, route: Route, seen: Sequence[EdgeProbe] = ()
    ) -> AsyncIterator[tuple[EdgeProbe, ...]]:
        run = self._run
        identity = Identity.of(
            self._target, self._settings, run.username, caller=run.caller, stated=run.stated, led=run.led
        )
        async with probing(route.edges[:MAX_PROBED_EDGES], identity, self._run) as probes:
            for probe, earlier in zip(probes, seen, strict=bool(seen)):
                probe.adopt(earlier)
            await EdgeOrder(probes, self._run).execute()
            yield probes
