"""The way from asynchronous routes to the synchronous store."""

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

Given = ParamSpec("Given")
Result = TypeVar("Result")

# As many as the store keeps connections open; more would only wait there.
_THREADS = 10


class StoreThreads:
    """Bounds how many calls are in the store at once; the rest wait in order, and hold no thread."""

    def __init__(self) -> None:
        self._limiter = CapacityLimiter(_THREADS)

    async def run(self, call: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
        """Make a call to the store; what it raises is raised here."""
        return await to_thread.run_sync(partial(call, *args, **kwargs), limiter=self._limiter)
