"""Somebody who is signed in at the console."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base


class ConsoleSession(Base):
    """It speaks for its token, and is over with it. `secret_hash` is the SHA-256 of what the cookie holds: 256 random
    bits, which nobody can guess.
    """

    __tablename__ = "console_sessions"

    token_id: Mapped[UUID] = mapped_column(ForeignKey("api_tokens.id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    # Chosen there; else the browser says which.
    language: Mapped[str | None] = mapped_column(String(16))
