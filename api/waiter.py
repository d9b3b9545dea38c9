"""One waiter for all callers of a process, whatever they wait for: in asynchronous code, never in a thread.

Everything waited for has an id: a verification's, a trunk's whose sides are provisioned, a destination's whose health
is asked for. Whoever finishes such work announces its id, in this process or over the broker, and the announcement
releases the callers at once. Beneath that the store is asked for all of them every 250 ms, so that an announcement
that is lost costs a moment and nothing else. When the process ends, everyone is dismissed.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

import structlog

from api.middleware.write_concurrency import place_left
from trunks.errors import StoreUnavailable

_log = structlog.get_logger(__name__)

POLL_SECONDS = 0.25

DoneAmong = Callable[[Collection[UUID]], Awaitable[set[UUID]]]


class WaitEnd(StrEnum):
    """How a wait ended; a dismissed caller's work goes on without him, or is taken up by another process."""

    DONE = "done"
    TIMED_OUT = "timed-out"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Awaited:
    """A kind of work that callers wait for; `done_among` asks the store which of these ids are done.

    What is `announced_once` is done when it is announced. Of other work an announcement may tell of an earlier
    request, so that it only makes the store be asked at once.
    """

    done_among: DoneAmong
    announced_once: bool = False


_Caller = asyncio.Future[WaitEnd]
_Callers = frozenset[_Caller]


@dataclass(slots=True)
class _Waiting:
    awaited: Awaited
    callers: set[_Caller] = field(default_factory=set)


class Waiter:
    """An id is waited for as one kind of work alone."""

    def __init__(self, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._poll_seconds = poll_seconds
        self._waiting: dict[UUID, _Waiting] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._somebody = asyncio.Event()
        self._announced = asyncio.Event()
        self._dismissed = False

    async def run(self) -> None:
        """Poll while anybody waits; until cancelled, when everyone who still waits is dismissed."""
        self._loop = asyncio.get_running_loop()
        try:
            while True:
                await self._somebody.wait()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._announced.wait(), self._poll_seconds)
                self._announced.clear()
                await self._poll()
        finally:
            self._loop = None
            self.dismiss()

    async def wait(self, awaited_id: UUID, awaited: Awaited, *, timeout_seconds: float) -> WaitEnd:
        """Wait until the work on an id is done, that takes too long, or the process ends."""
        if self._dismissed:
            return WaitEnd.DISMISSED
        caller: _Caller = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(awaited_id, _Waiting(awaited)).callers.add(caller)
        self._somebody.set()
        try:
            async with place_left():
                return await _end_of(caller, timeout_seconds)
        finally:
            self._leave(awaited_id, caller)

    def count(self, awaited: Awaited) -> int:
        """How many callers wait for work of this kind at this moment."""
        return sum(len(each.callers) for each in self._waiting.values() if each.awaited == awaited)

    def notify(self, awaited_id: UUID) -> None:
        """Take an announcement that the work on an id is done; from any thread, and whether or not anyone waits."""
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(self._hear, awaited_id)

    def dismiss(self) -> None:
        """Release everyone, and whoever comes from now on: their work goes on without them."""
        self._dismissed = True
        for waiting in self._waiting.values():
            _release(waiting.callers, WaitEnd.DISMISSED)

    def _hear(self, awaited_id: UUID) -> None:
        waiting = self._waiting.get(awaited_id)
        if waiting is None:
            return
        if waiting.awaited.announced_once:
            _release(waiting.callers, WaitEnd.DONE)
        else:
            self._announced.set()

    async def _poll(self) -> None:
        kinds: dict[Awaited, dict[UUID, _Callers]] = defaultdict(dict)
        for awaited_id, waiting in self._waiting.items():
            # Whoever comes while the store is asked may have asked for more since.
            kinds[waiting.awaited][awaited_id] = frozenset(waiting.callers)
        if not kinds:
            self._somebody.clear()
        await asyncio.gather(*(self._ask(awaited, callers) for awaited, callers in kinds.items()))

    async def _ask(self, awaited: Awaited, callers: Mapping[UUID, _Callers]) -> None:
        try:
            done = await awaited.done_among(callers.keys())
        except StoreUnavailable as error:
            _log.warning("store-away", error=str(error))
            return
        for awaited_id in done:
            _release(callers[awaited_id], WaitEnd.DONE)

    def _leave(self, awaited_id: UUID, caller: _Caller) -> None:
        callers = self._waiting[awaited_id].callers
        callers.discard(caller)
        if not callers:
            del self._waiting[awaited_id]


def _release(callers: Collection[_Caller], end: WaitEnd) -> None:
    for caller in callers:
        if not caller.done():
            caller.set_result(end)


async def _end_of(caller: _Caller, timeout_seconds: float) -> WaitEnd:
    try:
        async with asyncio.timeout(timeout_seconds):
            return await caller
    except TimeoutError:
        return WaitEnd.TIMED_OUT
