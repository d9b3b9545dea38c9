"""A POST that may come again under its Idempotency-Key, and what it was answered (docs/design/dialects.md, "All")."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base


class IdempotentRequest(Base):
    """`name` and `content_hash` are keyed hashes: of environment, method, path and key; of what was sent.

    What the request creates has the row's id, whoever does it. Without `status` it is under way, and belongs to
    whoever knows `claim_id`, until `lease_until`; one that was given up has that at `created_at`, and is anybody's.

    `body` is what a former version kept, in the clear, and is only read; an answer is kept in `sealed_body`.
    """

    __tablename__ = "idempotent_requests"

    environment_id: Mapped[UUID] = mapped_column(
        ForeignKey("environments.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(String(64), unique=True)
    content_hash: Mapped[str] = mapped_column(String(64))
    claim_id: Mapped[UUID]
    lease_until: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any] | None]
    body: Mapped[bytes | None]
    sealed_body: Mapped[bytes | None]
