"""A mass fall: most destinations failed at once, and the flips were held."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base, named
from trunks.rules.mass_failure import Release


class MassFall(Base):
    """One that holds has `open_mark` set, which is unique, and no `released_at`."""

    __tablename__ = "mass_falls"

    open_mark: Mapped[str | None] = mapped_column(String(16), unique=True)
    began_at: Mapped[datetime]
    fallen: Mapped[int]
    addresses: Mapped[int]
    canary_asked_at: Mapped[datetime | None]
    canary_alive: Mapped[bool | None]
    alarmed_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    release: Mapped[Release | None] = mapped_column(named(Release))
