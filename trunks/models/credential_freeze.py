"""Credentials that a carrier refused, or that a run is just sending: known by a keyed hash alone."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base
from trunks.models.lease import Leased


class CredentialFreeze(Leased, Base):
    """`key` is of domain, realm, user and secret; `account_key` leaves the realm out, for before it is known.

    Frozen since `rejected_at`, when that is set. The lease is of the run that sends them now; one that is over and
    still names its claim is of a run that was lost before it said what became of them. `losses` were so
    before that one, in a row.
    """

    __tablename__ = "credential_freezes"
    __table_args__ = (Index("ix_credential_freezes_claim_id", "claim_id"),)

    key: Mapped[str] = mapped_column(String(64), unique=True)
    account_key: Mapped[str] = mapped_column(String(64), index=True)
    rejected_at: Mapped[datetime | None]
    losses: Mapped[int] = mapped_column(default=0, server_default="0")
