"""Keys that the installation made for itself, sealed under its secret keys."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from trunks.models.base import Base


class KeyName(StrEnum):
    CREDENTIAL_FREEZE = "credential-freeze"
    IDEMPOTENT_REQUEST = "idempotent-request"
    KEPT_ANSWER = "kept-answer"


class InstallationKey(Base):
    """Its material outlives a rotation of the secret keys; only its sealing changes."""

    __tablename__ = "installation_keys"

    name: Mapped[str] = mapped_column(String(64), unique=True)
    sealed: Mapped[bytes]
    created_at: Mapped[datetime]
