"""What a run that is under way has sent and received so far."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base


class LiveLadder(Base):
    """For whoever watches; it goes with the run's end. `id` is the run's, and `steps` are lines of its ladder."""

    __tablename__ = "live_ladders"

    id: Mapped[UUID] = mapped_column(ForeignKey("verifications.id", ondelete="CASCADE"), primary_key=True)
    written_at: Mapped[datetime]
    steps: Mapped[list[Any]] = mapped_column(JSON)
