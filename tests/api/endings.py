"""How a request's process may end, or its store be away, at a transaction of the request's that is counted."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

import httpx
import pytest
from sqlalchemy.orm import Session

from api.store_threads import StoreThreads
from tests.api.client import ApiUnderTest
from trunks.errors import StoreUnavailable
from trunks.store.database import Database

_BROKEN_OFF_WITHIN_SECONDS = 20.0


class Ending(StrEnum):
    """What happens before a transaction begins."""

    KILLED = "killed"  # nothing is written or read any more
    STORE_AWAY = "store-away"  # this one transaction comes to nothing, and the next is made as ever
    # TERM, and the time that requests have is over: the request is broken off, and what it asks of the store at that
    # moment is still done.
    BROKEN_OFF = "broken-off"
    BROKEN_OFF_AND_LOST = "broken-off-and-lost"  # and it is not done
    DISMISSED = "dismissed"  # TERM, and whoever waits for something from now on is not kept

    @property
    def leaves_a_lease(self) -> bool:
        """Whether nobody says that the request is not worked on any more."""
        return self in (Ending.KILLED, Ending.BROKEN_OFF, Ending.BROKEN_OFF_AND_LOST)


class Ended:
    """`came` says whether it came to that."""

    def __init__(self, ending: Ending, api: ApiUnderTest, *, transactions: int) -> None:
        self.came = False
        self._ending = ending
        self._api = api
        self._left = transactions
        self._request: asyncio.Task[httpx.Response] | None = None
        self._broken_off = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._in_store = 0
        self._changed = threading.Condition()

    async def answer_of(self, request: asyncio.Task[httpx.Response]) -> httpx.Response | None:
        """Give the request's answer; None where it is broken off."""
        self._request = request
        request.add_done_callback(lambda _: self._broken_off.set())
        await asyncio.wait((request,))
        # Whoever comes again comes when the lease is over, and then what was broken off is done.
        await asyncio.to_thread(self._wait_out)
        return None if request.cancelled() else request.result()

    @contextmanager
    def in_store(self) -> Iterator[None]:
        """Count who is in the store."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def _count(self, more: int) -> None:
        with self._changed:
            self._in_store += more
            self._changed.notify_all()

    def _wait_out(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._in_store == 0, _BROKEN_OFF_WITHIN_SECONDS)

    def before_writing(self) -> None:
        if self._ending is Ending.KILLED and self.came:
            raise StoreUnavailable
        self._left -= 1
        if self._left != -1:
            return
        self.came = True
        match self._ending:
            case Ending.KILLED | Ending.STORE_AWAY:
                raise StoreUnavailable
            case Ending.DISMISSED:
                self._loop.call_soon_threadsafe(self._api.app.state.context.waiter.dismiss)
            case Ending.BROKEN_OFF | Ending.BROKEN_OFF_AND_LOST:
                self._break_off()

    def before_reading(self) -> None:
        if self._ending is Ending.KILLED and self.came:
            raise StoreUnavailable

    def _break_off(self) -> None:
        assert self._request is not None
        self._loop.call_soon_threadsafe(self._request.cancel)
        if threading.current_thread() is threading.main_thread():
            return  # what a worker in the request's own task writes: that ends at its next turn
        assert self._broken_off.wait(_BROKEN_OFF_WITHIN_SECONDS)
        if self._ending is Ending.BROKEN_OFF_AND_LOST:
            raise StoreUnavailable


@contextmanager
def ending(
    how: Ending, api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch, *, transactions: int
) -> Iterator[Ended]:
    """Let a process write so often, and then end."""
    ended = Ended(how, api, transactions=transactions)
    write, read, run = Database.write, Database.read, StoreThreads.run

    @contextmanager
    def writing(database: Database, **given: Any) -> Iterator[Session]:
        with ended.in_store():
            ended.before_writing()
            with write(database, **given) as session:
                yield session

    @contextmanager
    def reading(database: Database) -> Iterator[Session]:
        ended.before_reading()
        with read(database) as session:
            yield session

    async def running(threads: StoreThreads, call: Callable[..., Any], *args: Any, **named: Any) -> Any:
        def counted() -> Any:
            with ended.in_store():
                return call(*args, **named)

        return await run(threads, counted)

    with monkeypatch.context() as patched:
        patched.setattr(StoreThreads, "run", running)
        patched.setattr(Database, "write", writing)
        patched.setattr(Database, "read", reading)
        yield ended
