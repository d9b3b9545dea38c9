"""Calls of ours that may be up, for whoever has to end one when its worker is gone."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base
from trunks.models.lease import Leased


class OpenCall(Leased, Base):
    """One call, a test call's or a proof's, by its Call-ID; `run_id` is the row that it was made for.

    `ends` is what ends it (sipcheck.transaction.invite.call_mark). The claim is the worker's process, which renews the
    lease. It names trunk and run without belonging to them, so that it is ended where they are deleted meanwhile.
    """

    __tablename__ = "open_calls"
    __table_args__ = (
        Index("ix_open_calls_lease_until", "lease_until"),
        Index("ix_open_calls_run_id", "run_id"),
    )

    call_id: Mapped[str] = mapped_column(String(64), unique=True)
    run_id: Mapped[UUID]
    environment_id: Mapped[UUID]
    trunk_id: Mapped[UUID]
    ends: Mapped[list[Any]] = mapped_column(JSON)
    begun_at: Mapped[datetime]
