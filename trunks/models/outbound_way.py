"""By which way calls leave for a trunk, as the last report of a generation has it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from sipcheck.target import TransportName
from trunks.models.base import Base, named
from trunks.rules.way_evidence import WayForm, WayProof


class OutboundWayRow(Base):
    """Stands while the trunk is of `generation` and one of its gateways, the one that calls leave by, leads to
    `destination_id`.

    `host` is what a Route or the address names; address, port and transport are the edge's. `can_call` is null where
    nothing says so. `proven_at` is when the report that found it so ended.
    """

    __tablename__ = "outbound_ways"

    trunk_id: Mapped[UUID] = mapped_column(ForeignKey("trunks.id", ondelete="CASCADE"), unique=True)
    destination_id: Mapped[UUID]
    generation: Mapped[int]
    form: Mapped[WayForm] = mapped_column(named(WayForm))
    host: Mapped[str | None] = mapped_column(String(255))
    address: Mapped[str | None] = mapped_column(String(64))
    port: Mapped[int | None]
    transport: Mapped[TransportName | None] = mapped_column(named(TransportName))
    proof: Mapped[WayProof | None] = mapped_column(named(WayProof))
    can_call: Mapped[bool | None]
    reason: Mapped[str] = mapped_column(String(1000))
    proven_at: Mapped[datetime]
