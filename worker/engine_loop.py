"""One event loop in one thread, and one engine on it, for all the runs of a process."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import structlog
import uvloop

from sipcheck.engine import Engine
from sipcheck.report.model import Report
from sipcheck.settings import EngineSettings
from sipcheck.verification.verification import Survey
from trunks.errors import RunInterrupted
from trunks.runs.admission import PATIENCE_SECONDS
from trunks.runs.gateway_check import GatewayCheck
from trunks.runs.several_gateways import verify_gateways
from worker.runs.kept_routes import KeptRoutes

# The engine keeps its own deadline, from when it may send on; one that is this much over it has lost its way.
_OVERRUN_SECONDS = 5.0
# Questions to the store from the loop: a few at once, each for many runs.
_STORE_THREADS = 16
# Of the 10 s that a stopping process has, runs get these to finish by themselves.
GRACE_SECONDS = 5.0
# And these are for the store to hear of what was broken off.
_LAST_SECONDS = 3.0
# The ends of calls were asked for at once; what has no answer by now is ended by whoever takes its row.
_CALLS_SECONDS = 1.5

_log = structlog.get_logger(__name__)

Result = TypeVar("Result")


class EngineLoop:
    """Runs what `begin` is given, from any thread, between start() and stop(); that may call `verify`."""

    def __init__(self, settings: EngineSettings, *, timeout_seconds: float) -> None:
        self._settings = settings
        self._timeout_seconds = timeout_seconds
        self._started: Future[None] = Future()
        self._lock = threading.Lock()
        self._accepting = False
        self._breaking_off = False
        self._runs: set[asyncio.Task[Report]] = set()
        self._attending: set[asyncio.Task[Any]] = set()
        self._routes = KeptRoutes()
        self._thread = threading.Thread(target=self._main, name="engine-loop", daemon=True)

    def start(self) -> None:
        """Open the engine. Raises SettingInvalid for settings that it cannot use."""
        self._thread.start()
        self._started.result()

    async def verify(self, jobs: Sequence[GatewayCheck]) -> Report:
        """Verify a trunk by its gateways.

        Raises RunInterrupted when the loop stops, TimeoutError when the engine overruns.
        """
        if not self._accepting:
            raise RunInterrupted
        # A task of its own: a stopping loop breaks it off, and not what its caller does with the end.
        task = asyncio.create_task(verify_gateways(self._verify, jobs, self._timeout_seconds))
        self._runs.add(task)
        task.add_done_callback(self._runs.discard)
        async with asyncio.timeout(self._timeout_seconds + PATIENCE_SECONDS + _OVERRUN_SECONDS):
            try:
                return await task
            except asyncio.CancelledError:
                if self._breaking_off:
                    raise RunInterrupted from None
                raise

    def begin(self, work: Callable[[Engine], Coroutine[Any, Any, Result]]) -> "Future[Result]":
        """Run work of this process until stop(), which cancels it and waits for its end. Raises RunInterrupted."""
        with self._lock:
            if not self._accepting:
                raise RunInterrupted
            return asyncio.run_coroutine_threadsafe(self._attend(work), self._loop)

    def stop(self, *, grace_seconds: float = GRACE_SECONDS) -> None:
        """Take no more jobs, let the running ones finish, break off what is left then, and close the engine."""
        with self._lock:
            if not self._accepting:
                return
            self._accepting = False
        self._loop.call_soon_threadsafe(self._stopping.set_result, grace_seconds)
        self._thread.join()

    def _main(self) -> None:
        loop_factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(_STORE_THREADS, "engine-store"))
        self._stopping: asyncio.Future[float] = self._loop.create_future()
        try:
            async with Engine(self._settings) as self._engine:
                self._accepting = True
                self._started.set_result(None)
                await self._drain(await self._stopping)
        except Exception as error:  # the border of the thread: start() raises it to whoever called
            if self._started.done():
                raise
            self._started.set_exception(error)

    async def _verify(self, job: GatewayCheck, timeout_seconds: float) -> Report:
        now = asyncio.get_running_loop().time()
        route = self._routes.find(job.target, now) if job.again else None
        report = await self._engine.verify(
            job.target,
            credentials=job.credentials,
            username=job.username,
            proof=job.proof,
            caller=job.caller,
            stated=job.stated,
            led=job.led,
            timeout_seconds=timeout_seconds,
            before_credentials=job.before_credentials,
            admit=job.admit,
            edge_done=job.edge_done,
            survey=None if route is None else Survey(route),
            resolved=lambda found: self._routes.keep(job.target, found, now),
            forms=job.forms,
            write_down=job.write_down,
            on_step=job.on_step,
        )
        job.heard(report)
        return report

    async def _attend(self, work: Callable[[Engine], Coroutine[Any, Any, Result]]) -> Result:
        task = asyncio.current_task()
        if task is not None:
            self._attending.add(task)
            task.add_done_callback(self._attending.discard)
        try:
            return await work(self._engine)
        except Exception:
            # Nobody looks at the end of what is to go on until stop().
            _log.exception("work-broke")
            raise

    async def _drain(self, grace_seconds: float) -> None:
        # A job handed over just before the door closed may not have become a task yet.
        await asyncio.sleep(0)
        attending = set(self._attending)
        for task in attending:
            task.cancel()
        runs = set(self._runs)
        if runs:
            await asyncio.wait(runs, timeout=grace_seconds)
        self._breaking_off = True
        for run in set(self._runs):
            run.cancel()
        if attending:
            _, left = await asyncio.wait(attending, timeout=_LAST_SECONDS)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        if not await self._engine.end_calls(_CALLS_SECONDS):
            _log.warning("calls-left-open")
