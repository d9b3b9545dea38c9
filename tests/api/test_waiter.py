"""The one waiter: what releases its callers, where the store is asked by announcements alone."""

import asyncio
import threading
from collections.abc import AsyncIterator, Collection
from uuid import UUID

import pytest

from api.waiter import Awaited, WaitEnd, Waiter
from trunks.errors import StoreUnavailable
from trunks.ids import new_id

# In no test's time.
NEVER_SECONDS = 3600.0
LONG_SECONDS = 60.0


class FakeStore:
    """Answers with what is `done`, once it may; `questions` are what it is asked about."""

    def __init__(self) -> None:
        self.done: set[UUID] = set()
        self.questions: asyncio.Queue[set[UUID]] = asyncio.Queue()
        self.away = False
        self.answers = asyncio.Event()
        self.answers.set()

    async def done_among(self, ids: Collection[UUID]) -> set[UUID]:
        asked = set(ids)
        self.questions.put_nowait(asked)
        if self.away:
            raise StoreUnavailable
        found = self.done & asked
        await self.answers.wait()
        return found


@pytest.fixture
async def waiter() -> AsyncIterator[Waiter]:
    """Give a waiter that never polls by itself."""
    waiter = Waiter(poll_seconds=NEVER_SECONDS)
    running = asyncio.create_task(waiter.run())
    await asyncio.sleep(0)
    yield waiter
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def begin(waiter: Waiter, awaited_id: UUID, awaited: Awaited) -> asyncio.Task[WaitEnd]:
    """Begin to wait, and come back once it is so."""
    before = waiter.count(awaited)
    caller = asyncio.create_task(waiter.wait(awaited_id, awaited, timeout_seconds=LONG_SECONDS))
    await asyncio.sleep(0)
    assert waiter.count(awaited) == before + 1
    return caller


async def test_an_announcement_releases_all_who_wait_for_its_id(waiter: Waiter) -> None:
    store, done, other = FakeStore(), new_id(), new_id()
    runs = Awaited(store.done_among, announced_once=True)
    callers = [await begin(waiter, done, runs) for _ in range(3)]
    left = await begin(waiter, other, runs)
    threading.Thread(target=waiter.notify, args=(done,)).start()
    assert set(await asyncio.gather(*callers)) == {WaitEnd.DONE}
    assert not left.done()
    assert waiter.count(runs) == 1
    assert store.questions.empty()


async def test_what_may_be_announced_more_than_once_is_asked_for_at_once(waiter: Waiter) -> None:
    store, trunk_id = FakeStore(), new_id()
    provisions = Awaited(store.done_among)
    caller = await begin(waiter, trunk_id, provisions)
    # The end of work that was asked for before.
    waiter.notify(trunk_id)
    assert await store.questions.get() == {trunk_id}
    assert not caller.done()
    store.done.add(trunk_id)
    waiter.notify(trunk_id)
    assert await caller is WaitEnd.DONE


async def test_whoever_comes_while_the_store_is_asked_is_not_told_what_it_said_before(waiter: Waiter) -> None:
    store, trunk_id = FakeStore(), new_id()
    provisions = Awaited(store.done_among)
    first = await begin(waiter, trunk_id, provisions)
    store.done.add(trunk_id)
    store.answers.clear()
    waiter.notify(trunk_id)
    assert await store.questions.get() == {trunk_id}
    second = await begin(waiter, trunk_id, provisions)
    store.done.clear()
    store.answers.set()
    assert await first is WaitEnd.DONE
    assert not second.done()


async def test_without_announcements_the_store_is_asked_for_all_kinds() -> None:
    waiter, runs_store, provision_store = Waiter(poll_seconds=0.01), FakeStore(), FakeStore()
    running = asyncio.create_task(waiter.run())
    run_id, trunk_id = new_id(), new_id()
    run = await begin(waiter, run_id, Awaited(runs_store.done_among, announced_once=True))
    provision = await begin(waiter, trunk_id, Awaited(provision_store.done_among))
    provision_store.done.add(trunk_id)
    assert await provision is WaitEnd.DONE
    # A store that is away is asked again.
    runs_store.away = True
    for _ in range(runs_store.questions.qsize() + 1):
        # Never about what another store knows.
        assert await runs_store.questions.get() == {run_id}
    runs_store.away = False
    runs_store.done.add(run_id)
    assert await run is WaitEnd.DONE
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_dismissal_releases_every_kind_and_whoever_comes_later(waiter: Waiter) -> None:
    store = FakeStore()
    kinds = Awaited(store.done_among, announced_once=True), Awaited(store.done_among)
    callers = [await begin(waiter, new_id(), kind) for kind in kinds]
    waiter.dismiss()
    assert await asyncio.gather(*callers) == [WaitEnd.DISMISSED] * 2
    assert await waiter.wait(new_id(), kinds[0], timeout_seconds=LONG_SECONDS) is WaitEnd.DISMISSED


async def test_a_wait_that_takes_too_long_ends(waiter: Waiter) -> None:
    runs = Awaited(FakeStore().done_among, announced_once=True)
    assert await waiter.wait(new_id(), runs, timeout_seconds=0.01) is WaitEnd.TIMED_OUT
    assert waiter.count(runs) == 0


async def test_what_nobody_waits_for_is_announced_to_nobody(waiter: Waiter) -> None:
    runs = Awaited(FakeStore().done_among, announced_once=True)
    caller = await begin(waiter, new_id(), runs)
    for _ in range(10):
        waiter.notify(new_id())
    await asyncio.sleep(0)
    assert not caller.done()
    waiter.dismiss()
    await caller
