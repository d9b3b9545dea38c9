"""A change of a trunk's state, with its cause: the history, and what notifications are made from."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, false, text
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base, named, partial_index
from trunks.rules.trunk_state import Cause

_OF_A_RUN = text("verification_id IS NOT NULL")
UNTOLD = text("untold")


class Flip(Base):
    """`changes` is {field: [old, new]}. `untold` until its messages are written (trunks.people.flip_follower)."""

    __tablename__ = "flips"
    __table_args__ = (
        Index("ix_flips_trunk_id_id", "trunk_id", "id"),
        partial_index("ix_flips_untold", "id", where=UNTOLD),
        # A run that is deleted is looked for here.
        Index(
            "ix_flips_verification_id",
            "verification_id",
            postgresql_where=_OF_A_RUN,
            sqlite_where=_OF_A_RUN,
        ),
    )

    trunk_id: Mapped[UUID] = mapped_column(ForeignKey("trunks.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(index=True)
    cause: Mapped[Cause] = mapped_column(named(Cause))
    verification_id: Mapped[UUID | None] = mapped_column(ForeignKey("verifications.id", ondelete="SET NULL"))
    generation: Mapped[int]
    changes: Mapped[dict[str, Any]]
    untold: Mapped[bool] = mapped_column(default=True, server_default=false())
