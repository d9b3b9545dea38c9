"""The sixteen sizes that latencies are counted by (docs/design/queue.md, "Health checks")."""

from bisect import bisect_left

# In milliseconds, each bound belonging to its bucket; what is longer than the last has the sixteenth.
BOUNDS_MS = (1.0, 2.0, 5.0, 10.0, 20.0, 35.0, 50.0, 75.0, 100.0, 150.0, 200.0, 300.0, 500.0, 1000.0, 2000.0)
BUCKETS = len(BOUNDS_MS) + 1


def bucket_of(latency_ms: float) -> int:
    """Give the number of a latency's bucket, from 0."""
    return bisect_left(BOUNDS_MS, latency_ms)
