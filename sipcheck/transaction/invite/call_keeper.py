"""The calls of an engine that are not over: each goes on until it is, whoever asked for it."""

import asyncio
from typing import Protocol

# For copies of an answer, and for other branches of a fork, behind a call that was taken and ended.
LINGER_SECONDS = 1.0


class KeptCall(Protocol):
    """What is kept: a call that runs by itself, and can be told to end."""

    @property
    def quiet(self) -> bool: ...

    def hang_up(self) -> None: ...

    async def run(self) -> None: ...

    async def ended(self, linger_seconds: float) -> None: ...


class CallKeeper:
    """Runs calls as tasks of its own on the running loop; ended by `finish()`."""

    def __init__(self) -> None:
        self._running: dict[asyncio.Task[None], KeptCall] = {}

    def start(self, call: KeptCall) -> None:
        task = asyncio.create_task(call.run())
        self._running[task] = call
        task.add_done_callback(self._over)

    def _over(self, task: "asyncio.Task[None]") -> None:
        self._running.pop(task, None)

    @property
    def some_open(self) -> bool:
        return any(not call.quiet for call in self._running.values())

    async def finish(self) -> None:
        """End all calls, and wait until none is left that may still be up: Timer B bounds each.

        What is only waited for is cut short: copies of answers, and but for a moment other branches of a fork.
        """
        calls = dict(self._running)
        for call in calls.values():
            call.hang_up()
        try:
            await asyncio.gather(*(call.ended(LINGER_SECONDS) for call in calls.values()))
        finally:
            for task in calls:
                task.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
