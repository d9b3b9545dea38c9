"""The unit of liveness: what equal gateways of all customers share."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from sipcheck.target import TransportName
from trunks.models.base import Base, named


class Destination(Base):
    """`key` spells the other four columns: null port, transport and proxy have to count as equal.

    `unused_since` is when it was first seen without any trunk.
    """

    __tablename__ = "destinations"

    key: Mapped[str] = mapped_column(String(600), unique=True)
    domain: Mapped[str] = mapped_column(String(255))
    port: Mapped[int | None]
    transport: Mapped[TransportName | None] = mapped_column(named(TransportName))
    outbound_proxy: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime]
    unused_since: Mapped[datetime | None]
