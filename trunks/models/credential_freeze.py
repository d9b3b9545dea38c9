"""Credentials that a carrier refused, or that a run is just sending: known by a keyed hash alone."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base


class CredentialFreeze(Base):
    """`key` is of domain, realm, user and secret; `account_key` leaves the realm out, for before it is known.

    Frozen since `rejected_at`, when that is set. `held_by` is the claim that sends them now, until `held_until`.
    """

    __tablename__ = "credential_freezes"

    key: Mapped[str] = mapped_column(String(64), unique=True)
    account_key: Mapped[str] = mapped_column(String(64), index=True)
    rejected_at: Mapped[datetime | None]
    held_by: Mapped[UUID | None] = mapped_column(index=True)
    held_until: Mapped[datetime | None]
