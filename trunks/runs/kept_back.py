"""Runs that others in flight at an address keep back: the end of one lets the first of those look that wait."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress

from trunks.runs.knock_ledger import Settlement


class KeptBack:
    """Of one process, on its engine's loop. Whoever is told asks the store; nothing is promised to him."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    async def wait(self, addresses: Iterable[str], *, within_seconds: float) -> None:
        """Wait until one of these addresses is told of, or until the time is over."""
        told = asyncio.get_running_loop().create_future()
        places = list(addresses)
        for address in places:
            self._waiting.setdefault(address, deque()).append(told)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(within_seconds):
                    await told
        finally:
            for address in places:
                self._leave(address, told)

    def settled(self, settlements: Sequence[Settlement]) -> None:
        """Tell one of those that wait at each address where a run has been settled."""
        for address in {seen.address for each in settlements for seen in each.seen}:
            told = next((each for each in self._waiting.get(address, ()) if not each.done()), None)
            if told is not None:
                told.set_result(None)

    def _leave(self, address: str, told: "asyncio.Future[None]") -> None:
        queue = self._waiting[address]
        queue.remove(told)
        if not queue:
            del self._waiting[address]
