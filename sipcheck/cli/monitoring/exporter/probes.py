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

# How much of the time that somebody allows a run may have been without, to be his as well.
_AS_GOOD_AS = 0.9


@dataclass(frozen=True, slots=True)
class Result:
    """A report, the moment its run began on the monotonic clock, and why its credentials were not sent."""

    report: Report
    began_at: float
    withheld: Withheld | None


@dataclass(frozen=True, slots=True)
class _Run:
    """One that is on its way, or kept; `seconds` is the deadline that it was given."""

    task: asyncio.Task[Result]
    seconds: float

    def serves(self, module: ProbeModule, seconds: float) -> bool:
        """Whether it is also for somebody who allows so many: what a shorter deadline cut is nobody else's verdict."""
        as_long = self.seconds >= seconds * _AS_GOOD_AS
        if not self.task.done():
            return as_long
        if self.task.cancelled() or self.task.exception() is not None:
            return False
        result = self.task.result()
        young = time.monotonic() - result.began_at < module.min_interval_seconds
        return young and (as_long or result.report.verified)


class Probes:
    """Runs verifications for whoever scrapes; an async context manager with an engine for each module.

    Entering raises SettingInvalid for settings that cannot be used.
    """

    def __init__(self, modules: Mapping[str, ProbeModule], rejections: Rejections | None) -> None:
        self._modules = modules
        self._rejections = rejections
        self._engines: dict[str, Engine] = {}
        self._runs: dict[tuple[str, str], _Run] = {}
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
        key, ends_at = (module.name, target), time.monotonic() + seconds
        async with asyncio.timeout(seconds):
            while True:
                allowed = min(module.timeout_seconds, max(0.0, ends_at - time.monotonic()))
                run = self._runs.get(key)
                if run is not None and run.serves(module, allowed):
                    return await asyncio.shield(run.task)
                if run is None or run.task.done():
                    task = asyncio.create_task(self._run(module, target, allowed))
                    self._runs[key] = _Run(task, allowed)
                    return await asyncio.shield(task)
                await asyncio.wait([run.task])  # one at a time: of one in more haste its end is awaited

    async def _run(self, module: ProbeModule, target: str, timeout_seconds: float) -> Result:
        began_at = time.monotonic()
        engine, parsed = self._engines[module.name], module.targets[target]
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
            run.task.cancel()
        await asyncio.gather(*(run.task for run in self._runs.values()), return_exceptions=True)
