"""Counts and latency by destination and edge, by the hour and later by the day: single checks are not kept for ever."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base


class RollupCounts:
    """What is counted; the latencies are of the checks that were answered, in milliseconds, and `latency_00` to
    `latency_15` how many of each size there were (trunks.rules.latency_buckets).

    A check of one edge alone is counted in that edge's row, which is `of_destination`: it speaks for its destination
    too. A check of several, or of none, is counted in a row without an edge, which is `of_destination`, and in one of
    each edge, which is not. So the destination's counts are those `of_destination`, an edge's are all of that edge.
    """

    edge: Mapped[str] = mapped_column(String(80), default="", server_default="")
    of_destination: Mapped[bool] = mapped_column(default=True, server_default=true())
    checks: Mapped[int]
    failures: Mapped[int]
    latency_sum_ms: Mapped[float]
    latency_max_ms: Mapped[float]
    latency_00: Mapped[int] = mapped_column(default=0, server_default="0")
    latency_01: Mapped[int] = mapped_column(default=0, server_default="0")
    latency_02: Mapped[int] = mapped_column(default=0, server_default="0")
    latency_03: Mapped[int] = mapped_column(default=0, server_default="0")
    latency_04: Mapped[int] = mapped_column(default=0, server_default="0")
    latency_05: Mapped[int] = mapped_column(default=0, server_default="0")
    latency_06: Mapped[int] = mapped_column(default=0, server_default="0")
    latency_07: Mapped[int] = mapped_column(default=0, server_default="0")
    latency_08: Mapped[int] = mapped_column(default=0, server_default="0")
    latency_09: Mapped[int] = mapped_column(default=0, server_default="0")
    latency_10: Mapped[int] = mapped_column(default=0, server_default="0")
    latency_11: Mapped[int] = mapped_column(default=0, server_default="0")
    latency_12: Mapped[int] = mapped_column(default=0, server_default="0")
    latency_13: Mapped[int] = mapped_column(default=0, server_default="0")
    latency_14: Mapped[int] = mapped_column(default=0, server_default="0")
    latency_15: Mapped[int] = mapped_column(default=0, server_default="0")


class HealthRollup(RollupCounts, Base):
    """`hour` is when it began."""

    __tablename__ = "health_rollups"
    __table_args__ = (UniqueConstraint("destination_id", "edge", "of_destination", "hour"),)

    destination_id: Mapped[UUID] = mapped_column(ForeignKey("destinations.id", ondelete="CASCADE"))
    hour: Mapped[datetime] = mapped_column(index=True)


class DailyRollup(RollupCounts, Base):
    """What the hours of a day in UTC came to together, once they are too old to be kept one by one."""

    __tablename__ = "daily_rollups"
    __table_args__ = (UniqueConstraint("destination_id", "edge", "of_destination", "day"),)

    destination_id: Mapped[UUID] = mapped_column(ForeignKey("destinations.id", ondelete="CASCADE"))
    day: Mapped[datetime] = mapped_column(index=True)
