"""Counts and latency by destination, by the hour and later by the day: single checks are not kept for ever."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base


class RollupCounts:
    """What is counted; the latencies are of the checks that were answered, in milliseconds."""

    checks: Mapped[int]
    failures: Mapped[int]
    latency_sum_ms: Mapped[float]
    latency_max_ms: Mapped[float]


class HealthRollup(RollupCounts, Base):
    """`hour` is when it began."""

    __tablename__ = "health_rollups"
    __table_args__ = (UniqueConstraint("destination_id", "hour"),)

    destination_id: Mapped[UUID] = mapped_column(ForeignKey("destinations.id", ondelete="CASCADE"))
    hour: Mapped[datetime] = mapped_column(index=True)


class DailyRollup(RollupCounts, Base):
    """What the hours of a day in UTC came to together, once they are too old to be kept one by one."""

    __tablename__ = "daily_rollups"
    __table_args__ = (UniqueConstraint("destination_id", "day"),)

    destination_id: Mapped[UUID] = mapped_column(ForeignKey("destinations.id", ondelete="CASCADE"))
    day: Mapped[datetime] = mapped_column(index=True)
