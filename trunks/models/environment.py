"""A tenant, and the tokens that speak for it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, String, false, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from trunks.models.base import Base, named


class Environment(Base):
    """`max_numbers`: how many phone numbers its trunks have at most.

    `shares_asking`: its proven accounts ask for the health of a destination for other environments, too.
    """

    __tablename__ = "environments"

    name: Mapped[str] = mapped_column(String(255), unique=True)
    allow_custom_sip_trunks: Mapped[bool]
    requests_per_minute: Mapped[int]
    max_numbers: Mapped[int] = mapped_column(default=1000, server_default="1000")
    shares_asking: Mapped[bool] = mapped_column(default=True, server_default=true())
    # Calls that ring somewhere: the operator's to allow, and whither, as ISO 3166 codes; null for those of its numbers.
    allow_test_calls: Mapped[bool] = mapped_column(default=False, server_default=false())
    call_countries: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime]


class TokenScope(StrEnum):
    """What a token opens: an environment, the same without changing anything, or the operator's pages alone."""

    FULL = "full"
    READ_ONLY = "read-only"
    OPERATOR = "operator"


class ApiToken(Base):
    """`token_hash` is the SHA-256 of a random 256-bit token: enough, since nobody can guess one.

    The operator's belongs to no environment.
    """

    __tablename__ = "api_tokens"

    environment_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("environments.id", ondelete="CASCADE"), index=True
    )
    scope: Mapped[TokenScope] = mapped_column(
        named(TokenScope), default=TokenScope.FULL, server_default=TokenScope.FULL
    )
    label: Mapped[str] = mapped_column(String(255))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    environment: Mapped[Environment | None] = relationship(lazy="joined")
