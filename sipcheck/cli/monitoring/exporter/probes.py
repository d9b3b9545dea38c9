"""The exporter's runs: one at a time for each module and target, whose result all share who ask within its interval."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Self

from sipcheck.cli.allowances import with_allowance
from sipcheck.cli.monitoring.exporter.modules import ProbeModule
from sipcheck.cli.monitoring.rejections import Rejections, Withheld
from sipcheck.engine import Engine
from sipcheck.report.model import Report


@dataclass(frozen=True, slots=True)
class Result:
    """A report, the moment its run began on the monotonic clock, and why its credentials were not sent."""

    report: Report
    began_at: float
    withheld: Withheld | None


class Probes:
    """Runs verifications for whoever scrapes; an async context manager with an engine for each module.

    Entering raises SettingInvalid for settings that cannot be used.
    """

    def __init__(self, modules: Mapping[str, ProbeModule], rejections: Rejections | None) -> None:
        self._modules = modules
        self._rejections = rejections
        self._engines: dict[str, Engine] = {}
        self._runs: dict[tuple[str, str], asyncio.Task[Result]] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for name, module in self._modules.items():
                self._engines[name] = await stack.enter_async_context(Engine(module.settings))
            stack.push_async_callback(self._end_runs)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def result(self, module: ProbeModule, target: str, seconds: float) -> Result:
        """Give the kept result while it is young enough, or that of a run; whoever leaves ends nobody's run.

        Raises TimeoutError when the run takes longer than so many seconds.
        """
        run = self._runs.get((module.name, target))
        if run is None or not self._serves(run, module):
            run = asyncio.create_task(self._run(module, target, seconds))
            self._runs[module.name, target] = run
        async with asyncio.timeout(seconds):
            return await asyncio.shield(run)

    @staticmethod
    def _serves(run: asyncio.Task[Result], module: ProbeModule) -> bool:
        if not run.done():
            return True
        if run.cancelled() or run.exception() is not None:
            return False
        return time.monotonic() - run.result().began_at < module.min_interval_seconds

    async def _run(self, module: ProbeModule, target: str, seconds: float) -> Result:
        began_at = time.monotonic()
        engine, parsed = self._engines[module.name], module.targets[target]
        timeout_seconds = min(module.timeout_seconds, seconds)
        if module.credentials is None or self._rejections is None:
            report = await engine.verify(parsed, proof=module.proof, timeout_seconds=timeout_seconds)
            return Result(with_allowance(report, module.settings.guard), began_at, None)
        with self._rejections.watching(parsed, module.credentials) as sending:
            report = await engine.verify(
                parsed,
                credentials=module.credentials,
                proof=module.proof,
                timeout_seconds=timeout_seconds,
                before_credentials=sending.before_credentials,
            )
            sending.settle(report)
        return Result(with_allowance(report, module.settings.guard), began_at, sending.withheld)

    async def _end_runs(self) -> None:
        for run in self._runs.values():
            run.cancel()
        await asyncio.gather(*self._runs.values(), return_exceptions=True)
