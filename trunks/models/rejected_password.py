"""A trunk's password that its carrier rejected: whether calls are kept from sending it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base


class RejectedPasswordRow(Base):
    """Stands while the trunk is of `generation`, and goes with the next proof; the value is
    trunks.rules.rejected_password.RejectedPassword.
    """

    __tablename__ = "rejected_passwords"
    __table_args__ = (Index("ix_rejected_passwords_address_rejected_at", "address", "rejected_at"),)

    trunk_id: Mapped[UUID] = mapped_column(ForeignKey("trunks.id", ondelete="CASCADE"), unique=True)
    generation: Mapped[int]
    address: Mapped[str] = mapped_column(String(64))
    was_proven: Mapped[bool]
    first_at: Mapped[datetime]
    rejected_at: Mapped[datetime]
    decide_at: Mapped[datetime | None]
    try_at: Mapped[datetime | None]
    tries: Mapped[int]
    is_withheld: Mapped[bool]
