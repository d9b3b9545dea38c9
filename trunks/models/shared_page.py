"""A link to the page of a run, which whoever has it may open."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base


class SharedPage(Base):
    """`token_hash` is the SHA-256 of a random 256-bit token: enough, since nobody can guess one."""

    __tablename__ = "shared_pages"

    verification_id: Mapped[UUID] = mapped_column(
        ForeignKey("verifications.id", ondelete="CASCADE"), index=True
    )
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
