"""Which trunk of the whole installation has a number, as the voice infrastructure compares numbers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base


class NumberClaim(Base):
    """`number` is what calls to it name, `line` the trunk's number or extension.

    An extension that another environment has too is called by a number of its own.
    """

    __tablename__ = "number_claims"

    number: Mapped[str] = mapped_column(String(100), unique=True)
    line: Mapped[str] = mapped_column(String(64))
    is_extension: Mapped[bool]
    environment_id: Mapped[UUID] = mapped_column(
        ForeignKey("environments.id", ondelete="CASCADE"), index=True
    )
    trunk_id: Mapped[UUID] = mapped_column(ForeignKey("trunks.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
