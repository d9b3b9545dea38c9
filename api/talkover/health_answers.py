"""A trunk's health at this moment as talkover shows it."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, Field

from api.timestamps import Timestamp
from trunks.health.latest_results import LastResult


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


class HealthFound(BaseModel):
    success: bool
    data: HealthShown


_SLOWED = (
    "The carrier asks whom it does not know for a password, which its ban filters may count, so it is checked less "
    "often. A trunk whose password is proven there, or a carrier that exempts our address, is checked at its interval."
)


def show_health(results: Sequence[LastResult | None], now: datetime) -> HealthFound:
    """Of several gateways the first that lives counts, else the first by priority."""
    result = next((each for each in results if each is not None and each.alive), results[0])
    if result is None:
        data = HealthShown(is_healthy=False, response_time_ms=None, checked_at=None)
        data.error = "No answer yet; the check goes on."
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
        data.slowed = _SLOWED
    return HealthFound(success=True, data=data)
