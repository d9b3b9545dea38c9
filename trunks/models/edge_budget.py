"""What may be sent to an address: its token bucket, whose the tokens are, and the verifications in flight there."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base


class EdgeBudget(Base):
    """`tokens` as of `refilled_at`; below zero while requests wait for tokens, or went out beyond them.

    `contended_until` is how long there are shares; null where nobody was refused lately. `checks_next` says that an
    only slot went to an environment last.
    """

    __tablename__ = "edge_budgets"

    address: Mapped[str] = mapped_column(String(64), unique=True)
    tokens: Mapped[float]
    refilled_at: Mapped[datetime]
    contended_until: Mapped[datetime | None]
    checks_next: Mapped[bool] = mapped_column(default=False)


class EdgeShare(Base):
    """Whose an address's tokens are: an environment's, or the scheduled checks' (trunks.rules.pace_shares)."""

    __tablename__ = "edge_shares"
    __table_args__ = (UniqueConstraint("address", "wanter_id"),)

    address: Mapped[str] = mapped_column(String(64))
    wanter_id: Mapped[UUID]
    tokens: Mapped[float]
    wants: Mapped[float]
    wanted_until: Mapped[datetime]
    line_until: Mapped[datetime]
    slot_wanted_at: Mapped[datetime | None]
    slot_on_demand: Mapped[bool]


class EdgeSlot(Base):
    """A verification or check in flight; a worker that dies gives it back at `lease_until`.

    `wanter_id` is null in slots that were taken before there were shares.
    """

    __tablename__ = "edge_slots"
    __table_args__ = (UniqueConstraint("address", "claim_id"),)

    address: Mapped[str] = mapped_column(String(64))
    claim_id: Mapped[UUID] = mapped_column(index=True)
    lease_until: Mapped[datetime]
    wanter_id: Mapped[UUID | None]
    on_demand: Mapped[bool] = mapped_column(default=False)
