"""An incident: what fell at a destination, since when, and whose trunks."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base, named, partial_index
from trunks.models.lease import Leased
from trunks.rules.incidents import IncidentKind, Turn

_OPEN = text("closed_at IS NULL")
_UNTOLD = text("notify_at IS NOT NULL")


class Incident(Leased, Base):
    """What it was opened with; a tenant is told of the places that his own trunks are at.

    The operator is to be told at `notify_at`, null when that is done; the lease is of the worker that tells him, and
    `notify_told` the places of his addresses that were told.

    `domain` is the destination's, which may be gone later; `silent_since` is when checks began to fail, where they did.
    """

    __tablename__ = "incidents"
    __table_args__ = (
        partial_index("ix_incidents_open", "destination_id", where=_OPEN),
        partial_index("ix_incidents_notify_at", "notify_at", where=_UNTOLD),
    )

    destination_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("destinations.id", ondelete="SET NULL"), index=True
    )
    domain: Mapped[str] = mapped_column(String(255))
    kind: Mapped[IncidentKind] = mapped_column(named(IncidentKind))
    reason: Mapped[str | None] = mapped_column(String(64))
    silent_since: Mapped[datetime | None]
    opened_at: Mapped[datetime] = mapped_column(index=True)
    closed_at: Mapped[datetime | None]
    notify_at: Mapped[datetime | None]
    notify_tries: Mapped[int] = mapped_column(default=0, server_default="0")
    notify_told: Mapped[str | None] = mapped_column(String(400))


class IncidentPlace(Base):
    """A destination that fell in it; `changed` is what was found otherwise than before (trunks.rules.what_changed)."""

    __tablename__ = "incident_places"
    __table_args__ = (UniqueConstraint("incident_id", "destination_id"),)

    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"))
    destination_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("destinations.id", ondelete="SET NULL"), index=True
    )
    domain: Mapped[str] = mapped_column(String(255))
    reason: Mapped[str | None] = mapped_column(String(64))
    silent_since: Mapped[datetime | None]
    began_at: Mapped[datetime]
    changed: Mapped[dict[str, Any] | None]


class IncidentAddress(Base):
    """An address of the edges that fell in it: what falls there a moment later is the same incident."""

    __tablename__ = "incident_addresses"
    __table_args__ = (UniqueConstraint("incident_id", "address"),)

    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"))
    address: Mapped[str] = mapped_column(String(64), index=True)


class IncidentTenant(Base):
    """A tenant who is told of it: from his first trunk's fall to his last one's end, whatever becomes of others."""

    __tablename__ = "incident_tenants"
    __table_args__ = (
        UniqueConstraint("incident_id", "environment_id"),
        partial_index("ix_incident_tenants_open", "incident_id", where=_OPEN),
    )

    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"))
    environment_id: Mapped[UUID] = mapped_column(index=True)
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class IncidentTrunk(Base):
    """A trunk's part in it: `ended` says how it ended for this trunk, last. `changed` is what its own run found."""

    __tablename__ = "incident_trunks"
    __table_args__ = (UniqueConstraint("incident_id", "trunk_id"),)

    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"))
    trunk_id: Mapped[UUID] = mapped_column(ForeignKey("trunks.id", ondelete="CASCADE"), index=True)
    environment_id: Mapped[UUID] = mapped_column(index=True)
    place_id: Mapped[UUID | None]
    fell_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended: Mapped[Turn | None] = mapped_column(named(Turn))
    verification_id: Mapped[UUID | None]
    changed: Mapped[dict[str, Any] | None]
