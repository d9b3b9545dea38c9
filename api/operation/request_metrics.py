"""What Prometheus is told of the requests. Labels are ours, never a client's text: their number is bounded."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER_METHOD = "other"

# Up to a caller who waits for a run.
_BUCKETS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0)


def make_registry() -> CollectorRegistry:
    """Make a registry of one application, with what is known of its process."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return registry


class RequestMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "trunks_http_requests",
            "Requests that were answered.",
            ("dialect", "route", "method", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "trunks_http_request_duration_seconds",
            "From a request's arrival to the end of its answer.",
            ("dialect", "route", "method"),
            buckets=_BUCKETS_SECONDS,
            registry=registry,
        )

    def observe(self, *, dialect: str, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request; `route` is a template, never a path."""
        method = method if method in _METHODS else _OTHER_METHOD
        self._requests.labels(dialect, route, method, str(status)).inc()
        self._seconds.labels(dialect, route, method).observe(seconds)
