"""A server of ours on an event loop in a thread of its own, for tests that block."""

import asyncio
import threading
from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager
from typing import Generic, Self, TypeVar

Served = TypeVar("Served")


class LoopThread(ABC, Generic[Served]):
    """Serves while entered; `served` is what the server gives meanwhile, and None before and afterwards."""

    def __init__(self, name: str, *, ready_seconds: float) -> None:
        self.served: Served | None = None
        self._name = name
        self._ready_seconds = ready_seconds
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._ending = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @abstractmethod
    def serving(self) -> AbstractAsyncContextManager[Served]:
        """Make the server; it is entered on the loop of the thread."""

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(self._ready_seconds):
            raise RuntimeError(f"{self._name} did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        async with self.serving() as served:
            self.served = served
            self._ready.set()
            await self._ending.wait()
            self.served = None
