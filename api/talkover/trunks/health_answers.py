"""A trunk's health at this moment as talkover shows it."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, Field

from api.language.catalogs import marked, translated
from api.timestamps import Timestamp
from trunks.health.latest_results import LastResult
from trunks.repositories.health_rollups import EdgeCounts
from trunks.rules.latency_buckets import BOUNDS_MS


class AnswerShown(BaseModel):
    """Of the last answer that was read in full: once an hour, and whenever it does not say alive."""

    sip_status: int | None
    server: str | None
    retry_after: str | None
    read_at: Timestamp


class LatencyShown(BaseModel):
    up_to_ms: float | None = Field(description="null for all that took longer.")
    answers: int


class EdgeShown(BaseModel):
    edge: str
    checks: int
    answered: int
    average_ms: float | None
    slowest_ms: float | None
    latencies: list[LatencyShown] = Field(description="Answers by how long they took; each counts once.")


class HealthShown(BaseModel):
    is_healthy: bool
    response_time_ms: int | None
    checked_at: Timestamp | None
    error: str | None = Field(None, description="Why it is not healthy, only when it is not.")
    stale: bool | None = Field(None, description="Two intervals have passed since; only then (ours).")
    next_check_at: Timestamp | None = Field(
        None, description="Only where the next check comes later than by the interval (ours)."
    )
    slowed: str | None = Field(None, description="Why it does; only where it does (ours).")
    answer: AnswerShown | None = Field(None, description="What the carrier answered, where it did (ours).")
    edges: list[EdgeShown] = Field(
        [], description="What checks of each of its addresses came to within a day (ours)."
    )


class HealthFound(BaseModel):
    success: bool
    data: HealthShown


_SLOWED = marked(
    "The carrier asks whom it does not know for a password, which its ban filters may count, so it is checked less "
    "often. A trunk whose password is proven there, or a carrier that exempts our address, is checked at its interval."
)


def show_health(
    results: Sequence[LastResult | None], edges: Sequence[EdgeCounts], now: datetime
) -> HealthFound:
    """Of several gateways the first that lives counts, else the first by priority."""
    found = _show_result(results, now)
    if edges:
        found.data.edges = [_show_edge(edge) for edge in edges]
    return found


def _show_result(results: Sequence[LastResult | None], now: datetime) -> HealthFound:
    result = next((each for each in results if each is not None and each.alive), results[0])
    if result is None:
        data = HealthShown(is_healthy=False, response_time_ms=None, checked_at=None)
        data.error = translated("No answer yet; the check goes on.")
        return HealthFound(success=True, data=data)
    data = HealthShown(
        is_healthy=result.alive,
        response_time_ms=None if result.latency_ms is None else round(result.latency_ms),
        checked_at=result.checked_at,
    )
    if result.error is not None:
        data.error = result.error
    if result.stale(now):
        data.stale = True
    if result.slowed:
        data.next_check_at = result.next_check_at
        data.slowed = translated(_SLOWED)
    if result.answer is not None:
        data.answer = AnswerShown.model_validate(result.answer, from_attributes=True)
    return HealthFound(success=True, data=data)


def _show_edge(counts: EdgeCounts) -> EdgeShown:
    measured = sum(counts.latencies)
    return EdgeShown(
        edge=counts.edge,
        checks=counts.checks,
        answered=counts.checks - counts.failures,
        average_ms=round(counts.latency_sum_ms / measured, 3) if measured else None,
        slowest_ms=counts.latency_max_ms if measured else None,
        latencies=[
            LatencyShown(up_to_ms=bound, answers=answers)
            for bound, answers in zip((*BOUNDS_MS, None), counts.latencies, strict=True)
        ],
    )
