"""The slots of a run, each given back when its address is done with: one that is slow keeps no other's."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from uuid import UUID

import structlog

from trunks.errors import StoreUnavailable
from trunks.runs.run_store import RunStore

_log = structlog.get_logger(__name__)

# A run that ends by then gives all of them back at once.
_KEPT_SECONDS = 0.25


class OpenSlots:
    """Counts, by address, the edges of all gateways that are still asked. Used on the engine's loop."""

    def __init__(self, store: RunStore, claim_id: UUID) -> None:
        self._store = store
        self._claim_id = claim_id
        self._edges: Counter[str] = Counter()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._freeing: set[asyncio.Task[None]] = set()

    def opened(self, addresses: Iterable[str]) -> None:
        """Count edges that are about to be asked."""
        for address in addresses:
            self._edges[address] += 1
            timer = self._timers.pop(address, None)
            if timer is not None:
                timer.cancel()

    def done(self, address: str) -> None:
        """Count an edge to which nothing more is sent."""
        self._edges[address] -= 1
        if not self._edges[address]:
            loop = asyncio.get_running_loop()
            self._timers[address] = loop.call_later(_KEPT_SECONDS, self._begin_to_free, address)

    def close(self) -> None:
        """Leave the rest to the end of the run, which frees all that it has."""
        for timer in self._timers.values():
            timer.cancel()

    def _begin_to_free(self, address: str) -> None:
        task = asyncio.create_task(self._free(address))
        self._freeing.add(task)
        task.add_done_callback(self._freeing.discard)

    async def _free(self, address: str) -> None:
        try:
            await self._store.free_slot(address, self._claim_id)
        except StoreUnavailable as error:
            # It ends with the run, or with its lease.
            _log.warning("slot-kept", address=address, error=str(error))
