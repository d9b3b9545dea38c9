"""What exists for a trunk on the voice infrastructure, what is wanted there, and who works on it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base, named
from trunks.voice.blueprint import InboundAuthorization
from trunks.voice.provisioner import FailureCause, ProvisionerName


class ProvisionStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"


class ProvisionState(StrEnum):
    """What the last finished work came to."""

    ABSENT = "absent"
    PROVISIONED = "provisioned"
    FAILED = "failed"


_QUEUED = text("status = 'queued'")
_RUNNING = text("status = 'running'")


class Provision(Base):
    """One for a trunk; `trunk_id` refers to nothing, since the sides are taken away after the trunk is gone.

    `revision` counts what was asked: work on an older one is followed by more. `generation` is the trunk's when
    the sides were last right. `wanted` ends with the trunk; the customer's switch is the trunk's own.
    """

    __tablename__ = "provisions"
    __table_args__ = (
        Index("ix_provisions_notify_at", "notify_at", postgresql_where=_QUEUED, sqlite_where=_QUEUED),
        Index("ix_provisions_lease_until", "lease_until", postgresql_where=_RUNNING, sqlite_where=_RUNNING),
    )

    trunk_id: Mapped[UUID] = mapped_column(unique=True)
    provisioner: Mapped[ProvisionerName] = mapped_column(named(ProvisionerName))
    wanted: Mapped[bool]

    authorization: Mapped[InboundAuthorization] = mapped_column(named(InboundAuthorization))
    allowed_addresses: Mapped[list[str]] = mapped_column(JSON)
    inbound_enabled: Mapped[bool]
    fixed_egress: Mapped[bool]
    own_numbers: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))

    status: Mapped[ProvisionStatus] = mapped_column(named(ProvisionStatus))
    revision: Mapped[int]
    requested_at: Mapped[datetime]
    notify_at: Mapped[datetime]
    claim_id: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    state: Mapped[ProvisionState] = mapped_column(named(ProvisionState))
    generation: Mapped[int | None]
    inbound_id: Mapped[str | None] = mapped_column(String(255))
    outbound_id: Mapped[str | None] = mapped_column(String(255))
    cause: Mapped[FailureCause | None] = mapped_column(named(FailureCause))
    error: Mapped[str | None] = mapped_column(String(2000))


class Infrastructure(Base):
    """A voice infrastructure that this installation provisions; its id is our mark on what we made there.

    `held_by` reconciles it now, until `held_until`. `findings` counts what reconciliations found, since the first.
    """

    __tablename__ = "infrastructures"

    provisioner: Mapped[ProvisionerName] = mapped_column(named(ProvisionerName), unique=True)
    held_by: Mapped[UUID | None]
    held_until: Mapped[datetime | None]
    reconciled_at: Mapped[datetime | None]
    findings: Mapped[dict[str, int]] = mapped_column(JSON)
