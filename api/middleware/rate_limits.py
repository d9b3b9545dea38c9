"""How many requests a token may make a minute: counted here, or in Redis for all API processes."""

import asyncio
import math
import time
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import structlog
from pydantic import SecretStr
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from starlette.types import ASGIApp, Receive, Scope, Send

from api.middleware.http_middleware import HttpMiddleware
from api.middleware.rate_windows import RateWindows, WindowsHere, WindowsInRedis
from api.problems import Problem
from api.request_state import state_of
from trunks.tenancy.tenants import Bearer

_log = structlog.get_logger(__name__)

_WINDOW_SECONDS = 60
# A request waits no longer than this for Redis, and one that is away is left alone for a while.
_ANSWER_WITHIN_SECONDS = 0.5
_AWAY_SECONDS = 5.0
_CONNECTIONS = 50


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a token has left of its minute; `resets_at` is in seconds since 1970, `retry_after_seconds` from now on."""

    limit: int
    remaining: int
    resets_at: int
    retry_after_seconds: int
    granted: bool


class RateLimits:
    """Counts in a fixed window of a minute from the first request on, so that Retry-After can be kept."""

    def __init__(self, broker_url: SecretStr | None) -> None:
        url = "" if broker_url is None else broker_url.get_secret_value()
        self._pool = _pool(url) if urlsplit(url).scheme in ("redis", "rediss") else None
        self._windows: RateWindows = (
            WindowsHere(_WINDOW_SECONDS)
            if self._pool is None
            else WindowsInRedis(self._pool, _WINDOW_SECONDS)
        )
        self._away_until = float("-inf")
        self._away = False

    async def take(self, bearer: Bearer) -> Allowance:
        """Count a request under this token. While Redis is away all are let through."""
        return await self.count(str(bearer.token_id), bearer.requests_per_minute)

    async def count(self, key: str, limit: int) -> Allowance:
        """Count a request of whatever has a limit of its own. While Redis is away all are let through."""
        if time.monotonic() >= self._away_until:
            try:
                async with asyncio.timeout(_ANSWER_WITHIN_SECONDS):
                    allowance = await self._count(key, limit)
            except (RedisError, OSError, TimeoutError) as error:
                self._note_away(error)
            else:
                self._note_back()
                return allowance
        resets_at = int(time.time()) + _WINDOW_SECONDS
        return Allowance(limit, limit, resets_at, _WINDOW_SECONDS, granted=True)

    async def close(self) -> None:
        """Close the connections."""
        if self._pool is not None:
            await self._pool.aclose()

    async def _count(self, key: str, limit: int) -> Allowance:
        window = await self._windows.count(key)
        resets_at = math.ceil(time.time() + window.left_seconds)
        # Not the difference to that: both are rounded, and a minute would be 61 s.
        retry_after = max(1, math.ceil(window.left_seconds))
        return Allowance(
            limit, max(0, limit - window.count), resets_at, retry_after, granted=window.count <= limit
        )

    def _note_away(self, error: Exception) -> None:
        self._away_until = time.monotonic() + _AWAY_SECONDS
        if not self._away:
            # The error's text may hold the URL.
            _log.warning("rate-limits-away", error=type(error).__name__)
        self._away = True

    def _note_back(self) -> None:
        if self._away:
            _log.info("rate-limits-back")
        self._away = False


class RateLimiting(HttpMiddleware):
    """Every authenticated answer tells the allowance, and beyond it there is none but 429."""

    def __init__(self, app: ASGIApp, *, limits: RateLimits) -> None:
        super().__init__(app)
        self._limits = limits

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is allowed. Raises Problem."""
        state = state_of(scope)
        if state.bearer is not None:
            allowance = await self._limits.take(state.bearer)
            state.answer_headers |= {
                "X-RateLimit-Limit": str(allowance.limit),
                "X-RateLimit-Remaining": str(allowance.remaining),
                "X-RateLimit-Reset": str(allowance.resets_at),
            }
            if not allowance.granted:
                raise rate_limited(allowance.limit, allowance.retry_after_seconds)
        await self._app(scope, receive, send)


def rate_limited(limit: int, retry_after_seconds: int) -> Problem:
    """Refuse a request beyond the allowance."""
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "RATE_LIMITED",
        f"This token has made its {limit} requests of this minute; try again in {retry_after_seconds} s.",
        headers={"Retry-After": str(retry_after_seconds)},
    )


def _pool(url: str) -> BlockingConnectionPool:
    return BlockingConnectionPool.from_url(
        url,
        max_connections=_CONNECTIONS,
        timeout=_ANSWER_WITHIN_SECONDS,
        socket_timeout=_ANSWER_WITHIN_SECONDS,
        socket_connect_timeout=_ANSWER_WITHIN_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
