"""Many callers' questions to the store, gathered for a moment and answered by one transaction."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Generic, TypeVar

from trunks.errors import StoreBusy, StoreUnavailable

# A transaction takes about as long; together they are gathered without anybody's noticing.
GATHER_SECONDS = 0.003
_MOST_AT_ONCE = 100
# Where transactions take longer than is thought here, they are gathered for longer, but no more than this many times.
_LONGEST_GATHER = 5
# What a transaction takes is a mean of which each new one is this share.
_NEW_SHARE = 0.2

# Whoever's row is locked comes again after this, and gives up as one whom the store does not answer.
_LOCKED_PAUSE_SECONDS = 0.05
LOCKED_AT_MOST_SECONDS = 5.0

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(slots=True)
class _Asked(Generic[Item, Answer]):
    item: Item
    answer: "asyncio.Future[Answer]"
    until: float


@dataclass(slots=True, eq=False, repr=False)
class Grouped(Generic[Item, Answer]):
    """Asks on behalf of coroutines of one event loop.

    `answer_all` is called in a thread, with the items in the order in which they came, and gives each its answer, or
    the error that ask() raises to the one who asked. What it raises fails the whole group: the group is split until
    the faulty member stands alone, and that one is told. Whoever gets StoreBusy comes again with the next group.
    `alone` says that nobody else can be expected to ask: then nothing is waited for. Nor is it `by_habit` by whoever
    asks alone as the last one did, nor without `gather_seconds`: then they are a group who ask in one turn of the loop,
    or while a transaction runs. `turn` is what the transaction has to wait for: who asks meanwhile comes along.
    """

    answer_all: Callable[[Sequence[Item]], Sequence[Answer | Exception]]
    _: KW_ONLY
    alone: Callable[[], bool] = lambda: False
    by_habit: bool = False
    gather_seconds: float = GATHER_SECONDS
    locked_at_most_seconds: float = LOCKED_AT_MOST_SECONDS
    turn: Callable[[], AbstractContextManager[Any]] = nullcontext
    _waiting: deque[_Asked[Item, Answer]] = field(default_factory=deque)
    _working: asyncio.Task[None] | None = None
    _came_last: int = 0
    _takes_seconds: float = 0.0

    async def ask(self, item: Item) -> Answer:
        """Give this item's answer. Raises StoreUnavailable, and what the item is answered with."""
        loop = asyncio.get_running_loop()
        # Not `_Asked[Item, Answer](…)`: to call the alias costs more than all else here.
        asked: _Asked[Item, Answer] = _Asked(
            item, loop.create_future(), loop.time() + self.locked_at_most_seconds
        )
        self._enter(asked)
        return await asked.answer

    def _enter(self, asked: _Asked[Item, Answer]) -> None:
        self._waiting.append(asked)
        if self._working is None:
            self._working = asyncio.create_task(self._work())

    async def _work(self) -> None:
        try:
            while self._waiting:
                if len(self._waiting) < _MOST_AT_ONCE and not self._expects_nobody():
                    await asyncio.sleep(gathered_seconds(self.gather_seconds, self._takes_seconds))
                group, answers = await asyncio.to_thread(self._answered)
                self._came_last = len(group)
                self._tell(group, answers)
        finally:
            self._working = None

    def _expects_nobody(self) -> bool:
        return self.alone() or (self.by_habit and max(self._came_last, len(self._waiting)) <= 1)

    def _taken(self) -> list[_Asked[Item, Answer]]:
        taken: list[_Asked[Item, Answer]] = []
        while self._waiting and len(taken) < _MOST_AT_ONCE:
            asked = self._waiting.popleft()
            # Who was broken off meanwhile asks for nothing.
            if not asked.answer.done():
                taken.append(asked)
        return taken

    def _answered(self) -> tuple[Sequence[_Asked[Item, Answer]], Sequence[Answer | Exception]]:
        """Take whoever waits when the turn has come, and answer them; called in a thread."""
        with self.turn():
            group = self._taken()
            if not group:
                return group, ()
            begun_at = time.monotonic()
            answers = self._answers([asked.item for asked in group])
            self._takes_seconds += (time.monotonic() - begun_at - self._takes_seconds) * _NEW_SHARE
        return group, answers

    def _tell(self, group: Sequence[_Asked[Item, Answer]], answers: Sequence[Answer | Exception]) -> None:
        loop = asyncio.get_running_loop()
        for asked, answer in zip(group, answers, strict=True):
            if asked.answer.done():
                continue
            if isinstance(answer, StoreBusy) and loop.time() < asked.until:
                loop.call_later(_LOCKED_PAUSE_SECONDS, self._enter, asked)
            elif isinstance(answer, Exception):
                asked.answer.set_exception(answer)
            else:
                asked.answer.set_result(answer)

    def _answers(self, items: Sequence[Item]) -> Sequence[Answer | Exception]:
        try:
            return self.answer_all(items)
        except StoreBusy as busy:
            return self._by_halves(items, busy)
        except StoreUnavailable as error:
            return [error for _ in items]
        except Exception as error:  # noqa: BLE001 - the border of a group: whoever is at fault is told
            return self._by_halves(items, error)

    def _by_halves(self, items: Sequence[Item], error: Exception) -> Sequence[Answer | Exception]:
        if len(items) == 1:
            return [error]
        half = len(items) // 2
        return [*self._answers(items[:half]), *self._answers(items[half:])]


def gathered_seconds(gather_seconds: float, takes_seconds: float) -> float:
    """How long those who ask are gathered before a transaction that takes so long as a rule."""
    return min(max(gather_seconds, takes_seconds), _LONGEST_GATHER * gather_seconds)
