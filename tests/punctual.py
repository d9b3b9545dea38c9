"""Whether this process had the processor while something ran: a run that was starved says nothing, and is run again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

Result = TypeVar("Result")

_TICK_SECONDS = 0.05
# Above what it takes to load the roots of the system, and below the patience of the rows' time plans.
_LATE_SECONDS = 0.4
_TRIES = 3


class Watch:
    """Measures how late the loop is at most while it is entered: peers in its threads are starved as it is."""

    def __init__(self) -> None:
        self.late_seconds = 0.0
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> "Watch":
        self._tick()
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self.late_seconds = max(self.late_seconds, self._loop.time() - self._timer.when())
            self._timer.cancel()

    def _tick(self) -> None:
        now = self._loop.time()
        if self._timer is not None:
            self.late_seconds = max(self.late_seconds, now - self._timer.when())
        self._timer = self._loop.call_at(now + _TICK_SECONDS, self._tick)


async def punctually(run: Callable[[], Awaitable[Result]]) -> Result:
    """Run, and once more where the loop was too late for what depends on the time; the last one counts in any case."""
    for _ in range(_TRIES - 1):
        with Watch() as watch:
            result = await run()
        if watch.late_seconds < _LATE_SECONDS:
            return result
    return await run()
