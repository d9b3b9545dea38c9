"""What the event loop was busy with: the processor time of its longest step, and the most sockets at once."""

import asyncio
import asyncio.events
import gc
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_SAMPLE_SECONDS = 0.01


@dataclass(slots=True)
class LoopSteps:
    """Seconds of the loop's own thread, and what took the longest; `sockets` beyond those at the beginning."""

    longest_seconds: float = 0.0
    longest: str = ""
    sockets: int = 0


def open_sockets() -> int:
    found = 0
    for number in os.listdir("/proc/self/fd"):
        try:
            found += Path("/proc/self/fd", number).readlink().name.startswith("socket:")
        except FileNotFoundError:  # closed since, or the one that lists the folder
            continue
    return found


@asynccontextmanager
async def watched_steps(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LoopSteps]:
    """Watch asyncio's own loop; uvloop's steps cannot be seen."""
    steps = LoopSteps()
    before = open_sockets()
    run = asyncio.events.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        started = time.thread_time()
        run(handle)
        seconds = time.thread_time() - started
        if seconds > steps.longest_seconds:
            steps.longest_seconds, steps.longest = seconds, repr(handle)

    async def sample() -> None:
        while True:
            steps.sockets = max(steps.sockets, open_sockets() - before)
            await asyncio.sleep(_SAMPLE_SECONDS)

    # What the test runner itself holds in memory is none of the loop's business.
    gc.collect()
    gc.freeze()
    with monkeypatch.context() as patch:
        patch.setattr(asyncio.events.Handle, "_run", timed)
        sampling = asyncio.create_task(sample())
        try:
            yield steps
        finally:
            sampling.cancel()
            gc.unfreeze()
