"""How a destination is at this moment: its last result while that is young, else a new one, asked for once for all."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from api.store_threads import LOCKED_AT_MOST_SECONDS, StoreThreads
from api.waiter import Awaited, Waiter
from trunks.clock import Clock
from trunks.health.latest_results import LastResult, LatestResults
from trunks.store.grouped import Grouped


@dataclass(eq=False, kw_only=True)
class CurrentHealth:
    """`fresh_seconds` is how old a result may be, `wait_seconds` how long a caller waits for a new one; `turn` is what
    whoever writes to the store has to wait for.
    """

    liveness: LatestResults
    turn: Callable[[], AbstractContextManager[Any]]
    threads: StoreThreads
    waiter: Waiter
    fresh_seconds: float
    wait_seconds: float
    clock: Clock

    def __post_init__(self) -> None:
        self._awaited = Awaited(self._answered_among)
        # To ask is to write: together they hold one thread, however long the store lets them wait.
        self._asking = Grouped(
            self.liveness.ask,
            turn=self.turn,
            gather_seconds=0.0,
            locked_at_most_seconds=LOCKED_AT_MOST_SECONDS,
        )
        # When those asked who wait for a destination.
        self._asked_at: dict[UUID, list[datetime]] = {}

    async def results(self, destination_ids: Sequence[UUID]) -> list[LastResult | None]:
        """Give a young result for each; an old one, or none, for what does not answer in time."""
        return list(await asyncio.gather(*map(self._result, destination_ids)))

    async def _result(self, destination_id: UUID) -> LastResult | None:
        last = await self.threads.run(self.liveness.last_result, destination_id)
        now = self.clock()
        if last is not None and now - last.checked_at < timedelta(seconds=self.fresh_seconds):
            return last
        await self._asking.ask(destination_id)
        await self._wait(destination_id, now)
        return await self.threads.run(self.liveness.last_result, destination_id)

    async def _wait(self, destination_id: UUID, asked_at: datetime) -> None:
        all_asked = self._asked_at.setdefault(destination_id, [])
        all_asked.append(asked_at)
        try:
            await self.waiter.wait(destination_id, self._awaited, timeout_seconds=self.wait_seconds)
        finally:
            all_asked.remove(asked_at)
            if not all_asked:
                del self._asked_at[destination_id]

    async def _answered_among(self, destination_ids: Collection[UUID]) -> set[UUID]:
        # A result since the first of them asked is young enough for all.
        since = {each: min(asked) for each in destination_ids if (asked := self._asked_at.get(each))}
        return await self.threads.run(self.liveness.answered_since, since)
