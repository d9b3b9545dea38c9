"""The realms that a user's credentials were proven with at a destination (docs/design/sip.md, hazard 5)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base


class RealmPin(Base):
    """Several realms where a proxy and a registrar asked, each for its own."""

    __tablename__ = "realm_pins"
    __table_args__ = (UniqueConstraint("destination_id", "username"),)

    destination_id: Mapped[UUID] = mapped_column(ForeignKey("destinations.id", ondelete="CASCADE"))
    username: Mapped[str] = mapped_column(String(255))
    # As JSON: a realm is a peer's word, and may hold what no column of text takes.
    realms: Mapped[list[str]] = mapped_column(JSON)
    proven_at: Mapped[datetime]
