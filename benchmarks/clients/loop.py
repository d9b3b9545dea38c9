"""The event loop a client runs on: asyncio's own as in the command line, or uvloop as in the service."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from enum import StrEnum
from typing import Any

import uvloop


class Loop(StrEnum):
    ASYNCIO = "asyncio"
    UVLOOP = "uvloop"


_FACTORIES: dict[Loop, Callable[[], asyncio.AbstractEventLoop]] = {
    Loop.ASYNCIO: asyncio.new_event_loop,
    Loop.UVLOOP: uvloop.new_event_loop,
}


def run(loop: Loop, work: Coroutine[Any, Any, None]) -> None:
    gc.freeze()  # as the sweep and the worker do
    with asyncio.Runner(loop_factory=_FACTORIES[loop]) as runner:
        runner.run(work)
