"""Maintenance: a time in which messages about a trunk, a destination or a tenant are held."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String, text
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base, partial_index

_STANDING = text("ended_at IS NULL")


class Maintenance(Base):
    """It is of one of the three; over at `until_at`, or at `ended_at` where somebody ended it before."""

    __tablename__ = "maintenances"
    __table_args__ = (partial_index("ix_maintenances_until_at", "until_at", where=_STANDING),)

    environment_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("environments.id", ondelete="CASCADE"), index=True
    )
    destination_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("destinations.id", ondelete="CASCADE"), index=True
    )
    trunk_id: Mapped[UUID | None] = mapped_column(ForeignKey("trunks.id", ondelete="CASCADE"), index=True)
    began_at: Mapped[datetime]
    until_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(String(255))
