"""The way from asynchronous routes to the synchronous store."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

from api.middleware.write_concurrency import place_left
from trunks.errors import StoreBusy

Given = ParamSpec("Given")
Result = TypeVar("Result")

# As many as the store keeps connections open; more would only wait there.
_THREADS = 10

# Whoever's row is locked looks again ever more seldom, so that many of them leave the threads to others.
LOCKED_AT_MOST_SECONDS = 10.0
_FIRST_PAUSE_SECONDS = 0.05
_LAST_PAUSE_SECONDS = 1.0


class StoreThreads:
    """Bounds how many calls are in the store at once; the rest wait in order, and hold no thread."""

    def __init__(self) -> None:
        self._limiter = CapacityLimiter(_THREADS)

    async def run(self, call: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
        """Make a call to the store; what it raises is raised here.

        Where another keeps a row that it writes, it is made again until that one is done; StoreBusy after a while.
        """
        made = partial(call, *args, **kwargs)
        try:
            return await to_thread.run_sync(made, limiter=self._limiter)
        except StoreBusy:
            async with place_left():
                return await self._when_free(made)

    async def _when_free(self, call: Callable[[], Result]) -> Result:
        loop = asyncio.get_running_loop()
        until = loop.time() + LOCKED_AT_MOST_SECONDS
        pause_seconds = _FIRST_PAUSE_SECONDS
        while True:
            await asyncio.sleep(pause_seconds)
            try:
                return await to_thread.run_sync(call, limiter=self._limiter)
            except StoreBusy:
                if loop.time() >= until:
                    raise
            pause_seconds = min(_LAST_PAUSE_SECONDS, pause_seconds * 2)
