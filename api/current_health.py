"""How a destination is at this moment: its last result while that is young, else a new one, asked for once for all."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from api.store_threads import StoreThreads
from api.waiter import Waiter
from trunks.clock import Clock, utc_now
from trunks.health.check_claims import CheckClaims, LastResult
from trunks.ids import new_id


class CurrentHealth:
    """`fresh_seconds` is how old a result may be, `wait_seconds` how long a caller waits for a new one."""

    def __init__(
        self,
        liveness: CheckClaims,
        threads: StoreThreads,
        *,
        fresh_seconds: float,
        wait_seconds: float,
        clock: Clock = utc_now,
    ) -> None:
        self._liveness = liveness
        self._threads = threads
        self._fresh = timedelta(seconds=fresh_seconds)
        self._wait_seconds = wait_seconds
        self._clock = clock
        # A wait by an id of its own: two callers may have asked at different moments.
        self._asked: dict[UUID, tuple[UUID, datetime]] = {}
        self.waiter = Waiter(self._answered)

    async def results(self, destination_ids: Sequence[UUID]) -> list[LastResult | None]:
        """Give a young result for each; an old one, or none, for what does not answer in time."""
        return list(await asyncio.gather(*map(self._result, destination_ids)))

    async def _result(self, destination_id: UUID) -> LastResult | None:
        last = await self._threads.run(self._liveness.last_result, destination_id)
        now = self._clock()
        if last is not None and now - last.checked_at < self._fresh:
            return last
        await self._threads.run(self._liveness.ask, destination_id)
        token = new_id()
        self._asked[token] = destination_id, now
        try:
            await self.waiter.wait(token, timeout_seconds=self._wait_seconds)
        finally:
            del self._asked[token]
        return await self._threads.run(self._liveness.last_result, destination_id)

    async def _answered(self, tokens: Collection[UUID]) -> set[UUID]:
        asked = {token: self._asked[token] for token in tokens if token in self._asked}
        # A result since the first of them asked is young enough for all.
        moments = dict(sorted(asked.values(), reverse=True))
        done = await self._threads.run(self._liveness.answered_since, moments)
        return {token for token, (destination_id, _) in asked.items() if destination_id in done}
