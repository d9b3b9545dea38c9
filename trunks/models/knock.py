"""What a peer's guard may have counted against us (docs/design/queue.md, "Knocks")."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base, partial_index

_RESERVED = text("claim_id IS NOT NULL")


class KnockWait(Base):
    """An environment that has work for an address at rest: its turn is kept until then."""

    __tablename__ = "knock_waits"
    __table_args__ = (UniqueConstraint("address", "environment_id"),)

    address: Mapped[str] = mapped_column(String(64))
    environment_id: Mapped[UUID]
    until: Mapped[datetime]


class KnockRow(Base):
    """`weight` requests at one address that a guard may count, `silent` of them without an answer, and `refused`
    passwords of an account.

    `account_key` is of user and domain, for all environments and secrets. A row with a lease is the worst that its run
    may cost; when that is over and the row still there, nobody said what it cost, and it stands whole.
    """

    __tablename__ = "knocks"
    __table_args__ = (
        Index("ix_knocks_address_at", "address", "at"),
        partial_index("ix_knocks_claim_id", "claim_id", where=_RESERVED),
        Index("ix_knocks_at", "at"),
    )

    address: Mapped[str] = mapped_column(String(64))
    environment_id: Mapped[UUID | None]
    account_key: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    weight: Mapped[int]
    refused: Mapped[int]
    silent: Mapped[int]
    claim_id: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
