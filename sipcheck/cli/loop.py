"""The event loop of a command that does much at once: uvloop's where it installs."""

import asyncio
import gc
import importlib.util
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def run_fast(work: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end, as asyncio.run does."""
    # What is loaded by now stays: looking through it again and again is a twentieth of a sweep's time.
    gc.freeze()
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        return runner.run(work)


def _new_loop() -> asyncio.AbstractEventLoop:
    if importlib.util.find_spec("uvloop") is None:  # Windows
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()
