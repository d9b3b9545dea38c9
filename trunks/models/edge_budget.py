"""What may be sent to an address: its token bucket, and the verifications in flight there."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base


class EdgeBudget(Base):
    """`tokens` as of `refilled_at`; below zero while requests wait for tokens, or went out beyond them."""

    __tablename__ = "edge_budgets"

    address: Mapped[str] = mapped_column(String(64), unique=True)
    tokens: Mapped[float]
    refilled_at: Mapped[datetime]


class EdgeSlot(Base):
    """A verification in flight; a worker that dies gives it back at `lease_until`."""

    __tablename__ = "edge_slots"
    __table_args__ = (UniqueConstraint("address", "claim_id"),)

    address: Mapped[str] = mapped_column(String(64))
    claim_id: Mapped[UUID] = mapped_column(index=True)
    lease_until: Mapped[datetime]
