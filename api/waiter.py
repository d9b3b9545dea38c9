"""One waiter for all callers of a process that wait for a run: they wait in asynchronous code, never in a thread."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

import structlog

from api.middleware.write_concurrency import place_left
from trunks.errors import StoreUnavailable

_log = structlog.get_logger(__name__)

POLL_SECONDS = 0.25

DoneAmong = Callable[[Collection[UUID]], Awaitable[set[UUID]]]


class Waiter:
    """Asks the store for all that is waited for at once; notify() of the same process comes before that."""

    def __init__(self, done_among: DoneAmong) -> None:
        self._done_among = done_among
        self._waiting: dict[UUID, set[asyncio.Future[bool]]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._somebody = asyncio.Event()

    async def run(self) -> None:
        """Poll while anybody waits; until cancelled, when everyone who still waits is sent away."""
        self._loop = asyncio.get_running_loop()
        try:
            while True:
                await self._somebody.wait()
                await asyncio.sleep(POLL_SECONDS)
                await self._poll()
        finally:
            self._loop = None
            self.dismiss()

    async def wait(self, verification_id: UUID, *, timeout_seconds: float) -> bool:
        """Wait until the run is done; false when that takes too long, or the process stops."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(verification_id, set()).add(future)
        self._somebody.set()
        try:
            async with place_left():
                return await _waited(future, timeout_seconds)
        finally:
            self._leave(verification_id, future)

    @property
    def waiting(self) -> int:
        """How many callers wait at this moment."""
        return sum(len(futures) for futures in self._waiting.values())

    def notify(self, verification_id: UUID) -> None:
        """Tell that a run is done, from any thread."""
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(self._release, verification_id, True)

    def dismiss(self) -> None:
        """Send everyone away: their runs go on without them."""
        for verification_id in list(self._waiting):
            self._release(verification_id, False)

    async def _poll(self) -> None:
        waiting = list(self._waiting)
        if not waiting:
            self._somebody.clear()
            return
        try:
            done = await self._done_among(waiting)
        except StoreUnavailable as error:
            _log.warning("store-away", error=str(error))
            return
        for verification_id in done:
            self._release(verification_id, True)

    def _release(self, verification_id: UUID, done: bool) -> None:
        for future in self._waiting.get(verification_id, ()):
            if not future.done():
                future.set_result(done)

    def _leave(self, verification_id: UUID, future: asyncio.Future[bool]) -> None:
        others = self._waiting[verification_id]
        others.discard(future)
        if not others:
            del self._waiting[verification_id]


async def _waited(future: asyncio.Future[bool], timeout_seconds: float) -> bool:
    try:
        async with asyncio.timeout(timeout_seconds):
            return await future
    except TimeoutError:
        return False
