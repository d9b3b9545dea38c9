"""Where a trunk's account was proven: who may ask there, and whose requests a peer's guard does not count."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base


class AccountProof(Base):
    """Stands while the trunk is of `generation` and `refused_at` is null.

    `generation`, `username` and `proven_at` are of the last proof, null where none came about; `tried_at` is when the
    credentials had their turn at this destination last. What stands no longer still says which user was known there.
    """

    __tablename__ = "account_proofs"
    __table_args__ = (
        UniqueConstraint("trunk_id", "destination_id"),
        Index("ix_account_proofs_destination_id_proven_at", "destination_id", "proven_at"),
    )

    trunk_id: Mapped[UUID] = mapped_column(ForeignKey("trunks.id", ondelete="CASCADE"))
    destination_id: Mapped[UUID] = mapped_column(ForeignKey("destinations.id", ondelete="CASCADE"))
    generation: Mapped[int | None]
    username: Mapped[str | None] = mapped_column(String(255))
    proven_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]
    tried_at: Mapped[datetime]
