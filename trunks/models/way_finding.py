"""What was found last of the ways to a destination, for all trunks there."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base, partial_index
from trunks.models.lease import Leased

_STALE = text("stale_since IS NOT NULL")
_FORBIDDEN = text("forbidden_since IS NOT NULL")


class WayFindingRow(Leased, Base):
    """`found` is the value of trunks.rules.way_evidence.WayFinding; since `stale_since` the ways of the trunks there
    are to be chosen anew. The lease is of whoever does. `watch` is what checks say of the edges; since
    `forbidden_since` the name leads where no call may go, and once `is_parked` no trunk's calls go there.
    """

    __tablename__ = "way_findings"
    __table_args__ = (
        partial_index("ix_way_findings_stale_since", "stale_since", where=_STALE),
        partial_index("ix_way_findings_forbidden_since", "forbidden_since", where=_FORBIDDEN),
    )

    destination_id: Mapped[UUID] = mapped_column(
        ForeignKey("destinations.id", ondelete="CASCADE"), unique=True
    )
    found: Mapped[dict[str, Any]]
    found_at: Mapped[datetime]
    stale_since: Mapped[datetime | None]
    watch: Mapped[dict[str, Any] | None]
    forbidden_since: Mapped[datetime | None]
    is_parked: Mapped[bool]
