"""How a destination is at this moment: its last result while that is young, else a new one, asked for once for all."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from api.store_threads import StoreThreads
from api.waiter import Awaited, Waiter
from trunks.clock import Clock, utc_now
from trunks.health.latest_results import LastResult, LatestResults


class CurrentHealth:
    """`fresh_seconds` is how old a result may be, `wait_seconds` how long a caller waits for a new one."""

    def __init__(
        self,
        liveness: LatestResults,
        threads: StoreThreads,
        waiter: Waiter,
        *,
        fresh_seconds: float,
        wait_seconds: float,
        clock: Clock = utc_now,
    ) -> None:
        self._liveness = liveness
        self._threads = threads
        self._waiter = waiter
        self._fresh = timedelta(seconds=fresh_seconds)
        self._wait_seconds = wait_seconds
        self._clock = clock
        self._awaited = Awaited(self._answered_among)
        # When those asked who wait for a destination.
        self._asked_at: dict[UUID, list[datetime]] = {}

    async def results(self, destination_ids: Sequence[UUID]) -> list[LastResult | None]:
        """Give a young result for each; an old one, or none, for what does not answer in time."""
        return list(await asyncio.gather(*map(self._result, destination_ids)))

    async def _result(self, destination_id: UUID) -> LastResult | None:
        last = await self._threads.run(self._liveness.last_result, destination_id)
        now = self._clock()
        if last is not None and now - last.checked_at < self._fresh:
            return last
        await self._threads.run(self._liveness.ask, destination_id)
        await self._wait(destination_id, now)
        return await self._threads.run(self._liveness.last_result, destination_id)

    async def _wait(self, destination_id: UUID, asked_at: datetime) -> None:
        all_asked = self._asked_at.setdefault(destination_id, [])
        all_asked.append(asked_at)
        try:
            await self._waiter.wait(destination_id, self._awaited, timeout_seconds=self._wait_seconds)
        finally:
            all_asked.remove(asked_at)
            if not all_asked:
                del self._asked_at[destination_id]

    async def _answered_among(self, destination_ids: Collection[UUID]) -> set[UUID]:
        # A result since the first of them asked is young enough for all.
        since = {each: min(asked) for each in destination_ids if (asked := self._asked_at.get(each))}
        return await self._threads.run(self._liveness.answered_since, since)
