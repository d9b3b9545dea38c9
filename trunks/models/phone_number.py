"""A number that calls to and from a trunk carry."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base


class PhoneNumber(Base):
    """`number` is as the customer gave it, `e164` null where it is none, and `key` what makes two of them one."""

    __tablename__ = "phone_numbers"
    __table_args__ = (
        UniqueConstraint("environment_id", "key"),
        Index("ix_phone_numbers_trunk_id_id", "trunk_id", "id"),
        Index("ix_phone_numbers_key", "key"),
    )

    environment_id: Mapped[UUID] = mapped_column(ForeignKey("environments.id", ondelete="CASCADE"))
    trunk_id: Mapped[UUID] = mapped_column(ForeignKey("trunks.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(64))
    number: Mapped[str] = mapped_column(String(64))
    e164: Mapped[str | None] = mapped_column(String(16))
    country_code: Mapped[str | None] = mapped_column(String(2))
    name: Mapped[str | None] = mapped_column(String(255))
    assigned_to: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def normal(self) -> str:
        """The number in E.164, or as it was given where it is none."""
        return self.e164 or self.number
