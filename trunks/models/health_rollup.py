"""Counts and latency by destination and hour: single checks are not kept for ever."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base


class HealthRollup(Base):
    """`hour` is when it began; the latencies are of the checks that were answered, in milliseconds."""

    __tablename__ = "health_rollups"
    __table_args__ = (UniqueConstraint("destination_id", "hour"),)

    destination_id: Mapped[UUID] = mapped_column(ForeignKey("destinations.id", ondelete="CASCADE"))
    hour: Mapped[datetime]
    checks: Mapped[int]
    failures: Mapped[int]
    latency_sum_ms: Mapped[float]
    latency_max_ms: Mapped[float]
