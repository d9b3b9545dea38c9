"""A trunk's health over hours and days as talkover shows it (ours)."""

from collections.abc import Sequence

from pydantic import BaseModel, Field

from api.timestamps import Timestamp
from trunks.rules.health_history import HistoryPoint


class HistoryShown(BaseModel):
    at: Timestamp = Field(description="When the hour or the day began.")
    checks: int = Field(description="Of all its gateways' destinations.")
    answered: int
    uptime: float = Field(description="Answered of checks, of the worst destination: 1 is all.")
    latency_median_ms: float | None
    latency_p95_ms: float | None


class HistoryFound(BaseModel):
    success: bool = True
    data: list[HistoryShown]


def show_history(points: Sequence[HistoryPoint]) -> HistoryFound:
    return HistoryFound(
        data=[
            HistoryShown(
                at=point.at,
                checks=point.checks,
                answered=point.answered,
                uptime=round(point.uptime, 6),
                latency_median_ms=point.latency_median_ms,
                latency_p95_ms=point.latency_p95_ms,
            )
            for point in points
        ]
    )
