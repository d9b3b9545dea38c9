"""Requests of a minute, counted in the process or in Redis: a fixed window from a key's first request on."""

import time
from dataclasses import dataclass
from typing import Protocol

from redis.asyncio import BlockingConnectionPool, Redis

_KEY_PREFIX = "trunks-rate"

# One round trip for all that an answer tells. A key that has lost its end would refuse for ever.
_COUNT = """
local count = redis.call("INCR", KEYS[1])
local left = redis.call("PTTL", KEYS[1])
if left < 0 then
  left = tonumber(ARGV[1])
  redis.call("PEXPIRE", KEYS[1], left)
end
return {count, left}
"""


@dataclass(frozen=True, slots=True)
class Window:
    """`count` requests since it began; it ends in `left_seconds`."""

    count: int
    left_seconds: float


class RateWindows(Protocol):
    """Counts a request of a key, and gives its window with that one."""

    async def count(self, key: str) -> Window: ...


class WindowsHere:
    """For a process alone."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._open: dict[str, tuple[float, int]] = {}
        self._swept_at = time.monotonic()

    async def count(self, key: str) -> Window:
        """Count at once; nothing is waited for."""
        now = time.monotonic()
        ends_at, count = self._open.get(key, (now, 0))
        if ends_at <= now:
            ends_at, count = now + self._seconds, 0
            self._sweep(now)
        self._open[key] = ends_at, count + 1
        return Window(count + 1, ends_at - now)

    def _sweep(self, now: float) -> None:
        """Forget keys that nobody uses any more, once a window."""
        if now - self._swept_at >= self._seconds:
            self._swept_at = now
            self._open = {key: kept for key, kept in self._open.items() if kept[0] > now}


class WindowsInRedis:
    """For all processes together. Raises what redis does."""

    def __init__(self, pool: BlockingConnectionPool, seconds: float) -> None:
        self._ends_in_ms = round(seconds * 1000)
        self._script = Redis(connection_pool=pool).register_script(_COUNT)

    async def count(self, key: str) -> Window:
        """Count by one question."""
        count, left_ms = await self._script(keys=[f"{_KEY_PREFIX}:{key}"], args=[self._ends_in_ms])
        return Window(count, left_ms / 1000)
