"""Test calls that were asked for, and how often whom was called."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from sipcheck.reasons import CallVerdict
from trunks.models.base import Base, named, partial_index
from trunks.models.lease import Leased
from trunks.models.verification import VerificationStatus

# Written in questions as they are here: SQLite takes a partial index for the same words alone.
QUEUED_CALLS = text("status = 'queued'")
RUNNING_CALLS = text("status = 'running'")
_DONE = text("status = 'done'")


class PlacedCall(Leased, Base):
    """One test call over a trunk: `called` in E.164, `caller` the trunk's number, None for its user.

    `asked` are the wishes of whoever asked; `begun_at` is when it was first claimed: it is made once, whatever happens.
    `reason` is one of a call or of a verification, both of which are told. `request_id` is that of the HTTP request.
    """

    __tablename__ = "placed_calls"
    __table_args__ = (
        Index("ix_placed_calls_trunk_id_id", "trunk_id", "id"),
        partial_index("ix_placed_calls_requested_at", "requested_at", where=QUEUED_CALLS),
        partial_index("ix_placed_calls_lease_until", "lease_until", where=RUNNING_CALLS),
        partial_index("ix_placed_calls_finished_at", "finished_at", where=_DONE),
    )

    environment_id: Mapped[UUID]
    trunk_id: Mapped[UUID] = mapped_column(ForeignKey("trunks.id", ondelete="CASCADE"))
    status: Mapped[VerificationStatus] = mapped_column(named(VerificationStatus))
    called: Mapped[str] = mapped_column(String(16))
    caller: Mapped[str | None] = mapped_column(String(32))
    asked: Mapped[dict[str, Any]]
    requested_at: Mapped[datetime]
    begun_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[CallVerdict | None] = mapped_column(named(CallVerdict))
    reason: Mapped[str | None] = mapped_column(String(64))
    summary: Mapped[str | None] = mapped_column(String(1000))
    # Summary and advice as the engine's sentences.
    sentences: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    report: Mapped[dict[str, Any] | None] = mapped_column(deferred=True, deferred_raiseload=True)
    request_id: Mapped[str | None] = mapped_column(String(64))


class CallQuota(Base):
    """When somebody called, or was called, of late: an environment, or a number, by `key`. It outlives trunks."""

    __tablename__ = "call_quotas"
    __table_args__ = (Index("ix_call_quotas_last_at", "last_at"),)

    key: Mapped[str] = mapped_column(String(64), unique=True)
    called_at: Mapped[list[str]] = mapped_column(JSON)
    last_at: Mapped[datetime]
