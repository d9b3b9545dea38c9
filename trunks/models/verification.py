"""One run: asked for, claimed, done."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from sipcheck.reasons import Outcome, Reason
from trunks.models.base import Base, named, partial_index
from trunks.models.lease import Leased


class VerificationStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"


class RequestedBy(StrEnum):
    CUSTOMER = "customer"
    RECOVERY = "recovery"  # in place of a run that was cut short after its credentials had left
    SCHEDULE = "schedule"  # the slow proof of stored credentials
    RETRY = "retry"  # of a rejected password that was proven before; it may leave as if a customer asked


class WayIn(StrEnum):
    ON_DEMAND = "on-demand"  # somebody waits for the answer
    QUEUED = "queued"
    SCHEDULED = "scheduled"


# What waits or runs is little beside what is done.
_QUEUED = text("status = 'queued'")
_WAITING = text("status = 'queued' AND waits_at IS NOT NULL")
_RUNNING = text("status = 'running'")
_DONE = text("status = 'done'")


class Verification(Leased, Base):
    """A queued one is due at `due_at`; `waits_at` is the address whose pace put it off, where one did.

    `environment_id` is the trunk's; it and `way_in` say whose turn it is while the run is queued. The lease is of a
    running one. `counted` says whether the trunk counted as verified by this run. `request_id` is
    that of the HTTP request that asked.
    """

    __tablename__ = "verifications"
    __table_args__ = (
        Index("ix_verifications_trunk_id_id", "trunk_id", "id"),
        partial_index("ix_verifications_due_at", "due_at", where=_QUEUED),
        partial_index("ix_verifications_turn", "environment_id", "way_in", "due_at", where=_QUEUED),
        partial_index("ix_verifications_waits_at", "waits_at", "environment_id", "due_at", where=_WAITING),
        partial_index("ix_verifications_lease_until", "lease_until", where=_RUNNING),
        partial_index("ix_verifications_finished_at", "finished_at", where=_DONE),
    )

    # Null in runs that were done before the queue took turns.
    environment_id: Mapped[UUID | None]
    way_in: Mapped[WayIn | None] = mapped_column(named(WayIn))
    trunk_id: Mapped[UUID] = mapped_column(ForeignKey("trunks.id", ondelete="CASCADE"))
    generation: Mapped[int]
    status: Mapped[VerificationStatus] = mapped_column(named(VerificationStatus))
    requested_by: Mapped[RequestedBy] = mapped_column(named(RequestedBy))
    requested_at: Mapped[datetime]
    due_at: Mapped[datetime]
    waits_at: Mapped[str | None] = mapped_column(String(64))
    claimed_at: Mapped[datetime | None]
    auth_sent_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[Outcome | None] = mapped_column(named(Outcome))
    reason: Mapped[Reason | None] = mapped_column(named(Reason))
    counted: Mapped[bool | None]
    # Null in runs that were done before lists read them; a trunk's last run has them.
    summary: Mapped[str | None] = mapped_column(String(1000))
    advice: Mapped[str | None] = mapped_column(String(1000))
    # Both as the engine's sentences, by which they are said in another language; null in runs of former versions.
    sentences: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    # Up to 64 KB: read where it was asked for, and an error elsewhere.
    report: Mapped[dict[str, Any] | None] = mapped_column(deferred=True, deferred_raiseload=True)
    request_id: Mapped[str | None] = mapped_column(String(64))

    @property
    def has_told(self) -> bool:
        """Whether it is done, or waits and says why."""
        return self.reason is not None

    def overtaken_by(self, generation: int) -> bool:
        """Whether it is about what the trunk was before an edit; a queued one takes the configuration that it finds."""
        return self.status is not VerificationStatus.QUEUED and self.generation != generation
