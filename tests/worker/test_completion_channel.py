"""The news of runs that are done, over a real Redis."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
import redis

from tests.peers.ports import free_port
from tests.peers.redis_server import RedisServer
from trunks.ids import new_id
from trunks.installation.settings import Settings, load_settings
from worker.completion_channel import CHANNEL, CompletionAnnouncer, announces, listen_for_done

WITHIN_SECONDS = 60.0


class Listener:
    """Collects what it hears; hears() announces until one came through, as the first may be before the ear."""

    def __init__(self) -> None:
        self._told: asyncio.Queue[UUID] = asyncio.Queue()

    def on_done(self, verification_id: UUID) -> None:
        self._told.put_nowait(verification_id)

    async def next(self) -> UUID:
        async with asyncio.timeout(WITHIN_SECONDS):
            return await self._told.get()

    async def hears(self, announce: Callable[[UUID], None]) -> None:
        """Announce until one is heard."""
        async with asyncio.timeout(WITHIN_SECONDS):
            while self._told.empty():
                announce(new_id())
                await asyncio.sleep(0.05)
        while not self._told.empty():
            self._told.get_nowait()


@pytest.fixture
def settings(redis_server: RedisServer) -> Settings:
    return load_settings(broker_url=redis_server.url)


@asynccontextmanager
async def listening(settings: Settings) -> AsyncIterator[Listener]:
    listener = Listener()
    task = asyncio.create_task(listen_for_done(settings, listener.on_done))
    yield listener
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def announcing(settings: Settings) -> AsyncIterator[CompletionAnnouncer]:
    announcer = CompletionAnnouncer(settings)
    announcer.start()
    yield announcer
    await asyncio.to_thread(announcer.stop)


async def test_all_who_listen_hear_each_id_in_order(settings: Settings) -> None:
    async with announcing(settings) as announcer, listening(settings) as one, listening(settings) as other:
        for listener in (one, other):
            await listener.hears(announcer.announce)
        marker, *ids = (new_id() for _ in range(51))
        for each in (marker, *ids):
            announcer.announce(each)
        for listener in (one, other):
            while await listener.next() != marker:
                continue
            assert [await listener.next() for _ in ids] == ids


async def test_a_redis_that_was_killed_is_found_again_by_both_sides(
    settings: Settings, redis_server: RedisServer
) -> None:
    async with announcing(settings) as announcer, listening(settings) as listener:
        for _ in range(2):
            await listener.hears(announcer.announce)
            redis_server.kill()
            for _ in range(5):
                announcer.announce(new_id())
            redis_server.start()
        await listener.hears(announcer.announce)


async def test_whoever_starts_before_redis_hears_once_it_is_there(
    settings: Settings, redis_server: RedisServer
) -> None:
    redis_server.kill()
    async with announcing(settings) as announcer, listening(settings) as listener:
        announcer.announce(new_id())
        redis_server.start()
        await listener.hears(announcer.announce)


async def test_what_is_no_id_is_passed_over(settings: Settings, redis_server: RedisServer) -> None:
    async with announcing(settings) as announcer, listening(settings) as listener:
        await listener.hears(announcer.announce)
        with redis.Redis.from_url(redis_server.url) as stranger:
            for words in (b"", b"\xff\x00", b"1", b"{}", b"x" * 100_000):
                stranger.publish(CHANNEL, words)
        last = new_id()
        announcer.announce(last)
        assert await listener.next() == last


async def test_nothing_but_the_id_is_sent(settings: Settings, redis_server: RedisServer) -> None:
    verification_id = new_id()
    with redis.Redis.from_url(redis_server.url) as watcher, watcher.monitor() as monitor:
        async with announcing(settings) as announcer:
            announcer.announce(verification_id)
        commands = monitor.listen()
        while not (command := next(commands)["command"]).startswith("PUBLISH"):
            continue
    assert command == f"PUBLISH {CHANNEL} {verification_id}"


@pytest.mark.parametrize("url", [None, "amqp://guest@127.0.0.1:1//"])
async def test_over_another_broker_there_is_no_news(url: str | None) -> None:
    settings = load_settings(broker_url=url)
    assert not announces(settings)
    async with announcing(settings) as announcer:
        announcer.announce(new_id())
        await listen_for_done(settings, Listener().on_done)


async def test_announcing_to_a_redis_that_is_away_holds_nobody(redis_server: RedisServer) -> None:
    settings = load_settings(broker_url=f"redis://127.0.0.1:{free_port()}/0")
    async with announcing(settings) as announcer:
        for _ in range(10_100):
            announcer.announce(new_id())
