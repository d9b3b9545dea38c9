"""A tombstone: a side that we made on the voice infrastructure and gave up."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base, named, partial_index
from trunks.voice.provisioner import ProvisionerName

_STANDING = text("gone_at IS NULL")


class GivenUpSide(Base):
    """Written before the side is taken away: whoever is killed in between leaves it to be done at `due_at`.

    Without one, and without a row of its trunk, a side that carries our mark is nobody's to delete: the store may be
    older than the side.
    """

    __tablename__ = "given_up_sides"
    __table_args__ = (
        UniqueConstraint("side_id", "provisioner"),
        partial_index("ix_given_up_sides_due_at", "due_at", where=_STANDING),
    )

    provisioner: Mapped[ProvisionerName] = mapped_column(named(ProvisionerName))
    side_id: Mapped[str] = mapped_column(String(255))
    trunk_id: Mapped[UUID] = mapped_column(index=True)
    given_up_at: Mapped[datetime] = mapped_column(index=True)
    gone_at: Mapped[datetime | None]
    due_at: Mapped[datetime]
