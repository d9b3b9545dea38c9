"""A token's requests a minute, counted in the process or in Redis."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from redis import Redis
from structlog.testing import capture_logs

from api.middleware import rate_limits
from tests.api.client import ApiUnderTest
from tests.peers.redis_server import RedisServer
from tests.trunks.forms import Store
from trunks.installation.settings import Settings

URL = "/api/v1/sip-trunks"
LIMIT = 5

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

in_redis = pytest.mark.parametrize("counted_in", ["redis"], indirect=True)


@pytest.fixture(params=["memory", "redis"])
def counted_in(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    # A machine that is busy with other tests is no Redis that is away.
    monkeypatch.setattr(rate_limits, "_ANSWER_WITHIN_SECONDS", 10.0)
    return str(request.param)


@pytest.fixture
def store_settings_of_api(
    request: pytest.FixtureRequest, store_settings: Settings, counted_in: str
) -> Settings:
    """Count where the test says."""
    if counted_in == "memory":
        return store_settings
    url = request.getfixturevalue("redis_server").url
    return store_settings.model_copy(update={"broker_url": SecretStr(url)})


@pytest.fixture
def headers(api: ApiUnderTest) -> dict[str, str]:
    """Give a token that may make few requests."""
    tenants = api.store.installation.tenancy.tenants
    tenants.create_environment("small", requests_per_minute=LIMIT)
    return {"Authorization": f"Bearer {tenants.create_token('small')}"}


def allowance(answer: httpx.Response) -> tuple[int, int]:
    return int(answer.headers["X-RateLimit-Limit"]), int(answer.headers["X-RateLimit-Remaining"])


async def test_each_answer_tells_what_is_left_and_then_it_is_429(
    api: ApiUnderTest, headers: dict[str, str]
) -> None:
    for left in (4, 3, 2):
        assert allowance(await api.client.get(URL, headers=headers)) == (LIMIT, left)
    # A refusal counts and tells as well.
    assert allowance(await api.client.get(f"{URL}/x", headers=headers)) == (LIMIT, 1)
    assert allowance(await api.client.post(URL, json={}, headers=headers)) == (LIMIT, 0)
    answer = await api.client.get(URL, headers=headers)
    assert (answer.status_code, allowance(answer)) == (429, (LIMIT, 0))
    retry_after = int(answer.headers["Retry-After"])
    assert 1 <= retry_after <= 60
    assert abs(int(answer.headers["X-RateLimit-Reset"]) - time.time() - retry_after) < 2
    assert answer.json() == {
        "success": False,
        "message": f"This token has made its 5 requests of this minute; try again in {retry_after} s.",
        "code": "RATE_LIMITED",
    }


async def test_it_is_counted_by_token(api: ApiUnderTest, headers: dict[str, str]) -> None:
    other = {"Authorization": f"Bearer {api.store.installation.tenancy.tenants.create_token('small')}"}
    for _ in range(LIMIT):
        await api.client.get(URL, headers=headers)
    assert (await api.client.get(URL, headers=headers)).status_code == 429
    assert allowance(await api.client.get(URL, headers=other)) == (LIMIT, LIMIT - 1)
    assert allowance(await api.client.get(URL)) == (1000, 999)


async def test_it_is_counted_right_for_all_at_once(api: ApiUnderTest, headers: dict[str, str]) -> None:
    answers = await asyncio.gather(*(api.client.get(URL, headers=headers) for _ in range(LIMIT * 4)))
    assert sorted(answer.status_code for answer in answers) == [200] * LIMIT + [429] * LIMIT * 3


@pytest.mark.parametrize("counted_in", ["memory"], indirect=True)
async def test_what_needs_no_token_is_not_counted(api: ApiUnderTest) -> None:
    for path, given in (("/healthz", {}), (URL, {"Authorization": "Bearer x"})):
        answer = await api.client.get(path, headers=given)
        assert not [name for name in answer.headers if name.startswith("x-ratelimit")]


@in_redis
async def test_processes_count_together(
    api: ApiUnderTest,
    headers: dict[str, str],
    make_another_api: Callable[[], Awaitable[ApiUnderTest]],
) -> None:
    other = await make_another_api()
    for each, left in ((api, 4), (other, 3), (api, 2), (other, 1), (other, 0)):
        assert allowance(await each.client.get(URL, headers=headers)) == (LIMIT, left)
    assert (await api.client.get(URL, headers=headers)).status_code == 429


@in_redis
async def test_a_redis_that_is_away_lets_all_through(
    api: ApiUnderTest,
    headers: dict[str, str],
    redis_server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rate_limits, "_AWAY_SECONDS", 0.0)
    assert allowance(await api.client.get(URL, headers=headers)) == (LIMIT, 4)
    with capture_logs() as lines:
        redis_server.kill()
        for _ in range(LIMIT + 3):
            answer = await api.client.get(URL, headers=headers)
            assert (answer.status_code, allowance(answer)) == (200, (LIMIT, LIMIT))
        redis_server.start()
        assert allowance(await api.client.get(URL, headers=headers)) == (LIMIT, 4)
    assert [line["event"] for line in lines if line["event"].startswith("rate-limits")] == [
        "rate-limits-away",
        "rate-limits-back",
    ]
    assert redis_server.url not in str(lines)


async def test_a_redis_that_hangs_is_asked_once_and_left_alone(store: Store) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        limits = rate_limits.RateLimits(SecretStr(f"redis://127.0.0.1:{port}/0"))
        for _ in range(50):
            assert (await limits.take(store.caller)).granted
        await limits.close()
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


@in_redis
async def test_a_key_in_redis_that_has_no_end_is_given_one(
    api: ApiUnderTest, headers: dict[str, str], redis_server: RedisServer
) -> None:
    await api.client.get(URL, headers=headers)
    with closing(Redis.from_url(redis_server.url)) as redis:
        (key,) = redis.keys("trunks-rate:*")
        assert 0 < redis.ttl(key) <= 60
        redis.persist(key)
        assert allowance(await api.client.get(URL, headers=headers)) == (LIMIT, 3)
        assert 0 < redis.ttl(key) <= 60


def test_another_broker_counts_in_the_process(store_settings: Settings) -> None:
    limits: Any = rate_limits.RateLimits(SecretStr("amqp://user:password@host//"))
    assert limits._pool is None
