"""The practice carrier in a thread of its own, for tests that block, such as those of the command line."""

import asyncio
import threading
from collections.abc import Collection
from typing import Self

from sipcheck.carrier.behaviours import CallBehaviour
from sipcheck.carrier.faults import Fault
from sipcheck.carrier.server import PracticeCarrier

_READY_SECONDS = 20.0


class PracticePeer:
    """Run a practice carrier on free ports of loopback until `end()`."""

    def __init__(self, faults: Collection[Fault] = (), *, calls: CallBehaviour = CallBehaviour.ECHO) -> None:
        self.carrier: PracticeCarrier | None = None
        self._faults = tuple(faults)
        self._calls = calls
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._ending = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="practice-peer", daemon=True)

    @property
    def running(self) -> PracticeCarrier:
        """The carrier. Raises RuntimeError when it is not running."""
        if self.carrier is None:
            raise RuntimeError("the practice carrier is not running")
        return self.carrier

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(_READY_SECONDS):
            raise RuntimeError("the practice carrier did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        async with PracticeCarrier(faults=self._faults, calls=self._calls) as carrier:
            self.carrier = carrier
            self._ready.set()
            await self._ending.wait()
            self.carrier = None
