"""Whether an edge answers a form of calls as it answers without (docs/design/infrastructure.md, "The pair")."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base, named
from trunks.rules.way_evidence import WayForm

SAID_CHARACTERS = 200


class FormProofRow(Base):
    """For all trunks at a destination; due again at `ask_at`.

    `host` is what the Route or the address named. `asked_at` is when somebody set out to ask, whose answer may never
    have come. `holds` is null while nobody heard, `doubts` counts other answers since, and `said` is the last answer
    that was another.
    """

    __tablename__ = "form_proofs"
    __table_args__ = (
        UniqueConstraint("destination_id", "edge", "form", name="uq_form_proofs_destination_id_edge_form"),
    )

    destination_id: Mapped[UUID] = mapped_column(ForeignKey("destinations.id", ondelete="CASCADE"))
    edge: Mapped[str] = mapped_column(String(80))
    form: Mapped[WayForm] = mapped_column(named(WayForm))
    host: Mapped[str] = mapped_column(String(255))
    asked_at: Mapped[datetime]
    ask_at: Mapped[datetime]
    holds: Mapped[bool | None]
    doubts: Mapped[int]
    said: Mapped[str | None] = mapped_column(String(SAID_CHARACTERS))
