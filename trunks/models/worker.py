"""Workers as the store has seen them."""

from datetime import datetime

from sqlalchemy.orm import Mapped

from trunks.models.base import Base


class Worker(Base):
    """A process that works for this store, renewed while it does; one that was killed leaves its row behind."""

    __tablename__ = "workers"

    does_runs: Mapped[bool]
    checks_health: Mapped[bool]
    # Without an index: there are few, and what is written each few seconds is cheap where none knows of it.
    seen_at: Mapped[datetime]
