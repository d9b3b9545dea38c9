"""What Prometheus is told of the store: looked at when it is scraped, and no more often than every few seconds."""

import asyncio
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from api.store_threads import StoreThreads
from trunks.errors import StoreUnavailable
from trunks.installation.statistics import Statistics, StatisticsSeen
from trunks.provisions.status import ProvisionOverview, ProvisionStatistics

_log = structlog.get_logger(__name__)

_KEEP_SECONDS = 5.0

_STATES = {True: "alive", False: "dead", None: "unknown"}


@dataclass(eq=False, repr=False)
class StoreMetrics(Collector):
    """Counts the runs that are finished while it lives, whichever process does them.

    Several API processes count the same ones: graphs take the highest of them, not the sum.
    """

    statistics: Statistics
    provisioning: ProvisionOverview
    threads: StoreThreads
    registry: CollectorRegistry
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _provisions: ProvisionStatistics | None = None
    _seen: StatisticsSeen | None = None
    _looked_at: float = -math.inf

    def __post_init__(self) -> None:
        self._finished_since = self.statistics.settled_until()
        self._finished = Counter(
            "trunks_verifications_finished",
            "Verifications that were finished, 10 s later; the same in every API process.",
            ("outcome", "reason"),
            registry=self.registry,
        )
        self.registry.register(self)

    async def refresh(self) -> None:
        """Look at the store, unless that was a moment ago. Without a store its numbers are missing."""
        async with self._lock:
            if time.monotonic() - self._looked_at < _KEEP_SECONDS:
                return
            try:
                if not self.provisioning.off:
                    self._provisions = await self.threads.run(self.provisioning.statistics)
                self._seen = await self.threads.run(self.statistics.see, self._finished_since)
            except StoreUnavailable as error:
                _log.warning("store-away", error=str(error))
                self._seen = None
            else:
                self._finished_since = self._seen.finished_until
                for each in self._seen.finished:
                    self._finished.labels(each.outcome, each.reason).inc(each.count)
            self._looked_at = time.monotonic()

    def collect(self) -> Iterator[Metric]:
        """Give what was last seen."""
        if self._seen is not None:
            yield from _of_store(self._seen)
            if self._provisions is not None:
                yield from _of_provisions(self._provisions)


def _of_store(seen: StatisticsSeen) -> Iterator[Metric]:
    yield _gauge(
        "trunks_verifications",
        "Verifications that wait or run.",
        {("queued",): seen.verifications_waiting, ("running",): seen.verifications_running},
        labels=("status",),
    )
    yield _gauge(
        "trunks_verifications_put_off",
        "Verifications that were asked for and were given back to wait for their addresses.",
        {(): seen.verifications_put_off},
    )
    yield _gauge(
        "trunks_pacing_addresses_short",
        "Edge addresses whose requests wait for tokens at this moment.",
        {(): seen.addresses_short},
    )
    yield _gauge(
        "trunks_address_delay_seconds",
        "For how long the tokens of an address are spent in advance, of the 50 most delayed.",
        {(address,): seconds for address, seconds in seen.most_delayed.items()},
        labels=("address",),
    )
    yield _gauge(
        "trunks_trunks",
        "Trunks by their state.",
        {(each.health_status, str(each.is_active).lower()): each.count for each in seen.trunks},
        labels=("health_status", "is_active"),
    )
    yield _gauge(
        "trunks_destinations",
        "Destinations that are checked, by their latest result.",
        {(_STATES[each.alive], each.reason or "none"): each.count for each in seen.destinations},
        labels=("state", "reason"),
    )
    yield _gauge(
        "trunks_check_lag_seconds",
        "How long the check that is most overdue has been waiting.",
        {(): seen.check_lag_seconds},
    )
    yield _gauge(
        "trunks_certificates",
        "Destinations by the days until the first of their certificates ends.",
        {(span,): count for span, count in seen.certificates.items()},
        labels=("within",),
    )
    yield _gauge("trunks_flips_held", "1 while a mass fall holds the flips.", {(): seen.flips_are_held})


def _of_provisions(counted: ProvisionStatistics) -> Iterator[Metric]:
    yield _gauge(
        "trunks_provisions",
        "Trunks by what exists for them.",
        {(state,): count for state, count in counted.states.items()},
        labels=("state",),
    )
    yield _gauge(
        "trunks_provisions_waiting",
        "Trunks whose sides wait to be written at TRUNKS_PROVISIONER_RATE, by why.",
        {(occasion,): count for occasion, count in counted.waiting.items()},
        labels=("occasion",),
    )
    yield _gauge(
        "trunks_provision_findings",
        "What reconciliations found, since the first.",
        {(finding,): count for finding, count in counted.findings.items()},
        labels=("finding",),
    )


def _gauge(
    name: str, text: str, values: Mapping[tuple[str, ...], float], labels: Sequence[str] = ()
) -> Metric:
    """Make a gauge of its values by their labels."""
    gauge = GaugeMetricFamily(name, text, labels=labels)
    for of, value in values.items():
        gauge.add_metric(of, value)
    return gauge
