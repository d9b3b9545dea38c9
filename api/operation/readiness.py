"""Whether this installation can serve: asked by load balancers, often and by anyone."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from anyio import to_thread
from prometheus_client import CollectorRegistry, Gauge

_log = structlog.get_logger(__name__)

# However often it is asked, the parts are looked at no more often than this.
_KEEP_SECONDS = 1.0

ReadinessCheck = Callable[[], None]


class Readiness:
    """`checks` by the name of the part; one that raises is a part that fails."""

    def __init__(self, checks: Mapping[str, ReadinessCheck], registry: CollectorRegistry) -> None:
        self._up = Gauge(
            "trunks_part_up", "1 when the store, the broker, a worker answers.", ("part",), registry=registry
        )
        self._checks = dict(checks)
        self._lock = asyncio.Lock()
        self._parts: dict[str, bool] = {}
        self._asked_at = float("-inf")

    async def parts(self) -> Mapping[str, bool]:
        """Look at all parts at once, or give what was seen a moment ago."""
        async with self._lock:
            if time.monotonic() - self._asked_at >= _KEEP_SECONDS:
                results = await asyncio.gather(
                    *(to_thread.run_sync(check) for check in self._checks.values()), return_exceptions=True
                )
                self._parts = dict(zip(self._checks, map(_holds, results, self._checks), strict=True))
                self._asked_at = time.monotonic()
                for part, holds in self._parts.items():
                    self._up.labels(part).set(holds)
            return self._parts


def _holds(result: Any, part: str) -> bool:
    if isinstance(result, Exception):
        _log.warning("part-fails", part=part, error=type(result).__name__)
    return not isinstance(result, BaseException)
