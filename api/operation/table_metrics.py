"""What Prometheus is told of the store's tables: how many rows each has, and how old the oldest is."""

import asyncio
import time
from collections.abc import Iterator, Sequence

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from api.store_threads import StoreThreads
from trunks.errors import StoreUnavailable
from trunks.installation.statistics import Statistics, TableSeen

_log = structlog.get_logger(__name__)

# Tables grow and shrink slowly, and SQLite counts them row by row.
_KEEP_SECONDS = 300.0


class TableMetrics(Collector):
    """Looked at when it is scraped, and no more often than every few minutes."""

    def __init__(self, statistics: Statistics, threads: StoreThreads, registry: CollectorRegistry) -> None:
        self._statistics = statistics
        self._threads = threads
        self._lock = asyncio.Lock()
        self._seen: Sequence[TableSeen] = ()
        self._looked_at = float("-inf")
        registry.register(self)

    async def refresh(self) -> None:
        """Look at the tables, unless that was lately. Without a store their numbers are missing."""
        async with self._lock:
            if time.monotonic() - self._looked_at < _KEEP_SECONDS:
                return
            try:
                self._seen = await self._threads.run(self._statistics.tables)
            except StoreUnavailable as error:
                _log.warning("store-away", error=str(error))
                self._seen = ()
                return
            self._looked_at = time.monotonic()

    @property
    def seen(self) -> Sequence[TableSeen]:
        """What was last seen."""
        return self._seen

    def collect(self) -> Iterator[Metric]:
        """Give what was last seen."""
        rows = GaugeMetricFamily(
            "trunks_table_rows",
            "Rows of each table that grows; PostgreSQL's own estimate.",
            labels=("table",),
        )
        oldest = GaugeMetricFamily(
            "trunks_table_oldest_seconds", "How old the oldest row of each table is.", labels=("table",)
        )
        for each in self._seen:
            rows.add_metric((each.table,), each.rows)
            if each.oldest_seconds is not None:
                oldest.add_metric((each.table,), each.oldest_seconds)
        yield rows
        yield oldest
