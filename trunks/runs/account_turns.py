"""Of the runs of a process, one at a time has an account's credentials.

A carrier has to see one REGISTER of an address-of-record at a time (RFC 3261 §10.2), and what one run learns of the
credentials decides for the next. Between processes the hold of the credentials sees to that, at the cost of a run's
own time; here the next run has not begun yet.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from trunks.errors import RunPostponed

# A run that waits has a lease: longer than this it waits in its row.
_PATIENCE_SECONDS = 4.0
_COMES_AGAIN_SECONDS = 2.0


class AccountTurns:
    """For the coroutines of one event loop."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._users: dict[str, int] = {}

    @asynccontextmanager
    async def turn(self, account_key: str) -> AsyncIterator[None]:
        """Have the account for the block. Raises RunPostponed when others take too long."""
        lock = self._locks.setdefault(account_key, asyncio.Lock())
        self._users[account_key] = self._users.get(account_key, 0) + 1
        try:
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await lock.acquire()
            except TimeoutError as error:
                raise RunPostponed(_COMES_AGAIN_SECONDS) from error
            try:
                yield
            finally:
                lock.release()
        finally:
            self._users[account_key] -= 1
            if not self._users[account_key]:
                del self._users[account_key], self._locks[account_key]
