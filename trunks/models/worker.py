"""Workers as the store has seen them."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base


class Worker(Base):
    """A process that works for this store, renewed while it does; one that was killed leaves its row behind."""

    __tablename__ = "workers"

    does_runs: Mapped[bool]
    checks_health: Mapped[bool]
    seen_at: Mapped[datetime] = mapped_column(index=True)
