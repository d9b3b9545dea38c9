"""A trunk's profile; a trunk without one has the defaults of trunks.rules.profile."""

from uuid import UUID

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from sipcheck.verification.calling.options import CallIdentity
from trunks.models.base import Base, named
from trunks.rules.profile import CallingFormat, InboundAuthorization, MediaEncryption


class TrunkProfileRow(Base):
    """The columns are the fields of trunks.rules.profile.TrunkProfile."""

    __tablename__ = "trunk_profiles"

    trunk_id: Mapped[UUID] = mapped_column(ForeignKey("trunks.id", ondelete="CASCADE"), unique=True)
    nickname: Mapped[str | None] = mapped_column(String(255))
    extension: Mapped[str | None] = mapped_column(String(64))
    calling_format: Mapped[CallingFormat] = mapped_column(named(CallingFormat))
    caller_identity: Mapped[CallIdentity] = mapped_column(named(CallIdentity))
    authorization: Mapped[InboundAuthorization] = mapped_column(named(InboundAuthorization))
    allowed_addresses: Mapped[list[str]] = mapped_column(JSON)
    country_code: Mapped[str | None] = mapped_column(String(2))
    fixed_egress: Mapped[bool]
    description: Mapped[str | None] = mapped_column(Text)
    media_encryption: Mapped[MediaEncryption] = mapped_column(named(MediaEncryption))
    media_encryption_optimistic: Mapped[bool]
    allow: Mapped[str] = mapped_column(String(255))
    disallow: Mapped[str] = mapped_column(String(255))
    inbound_enabled: Mapped[bool]
    direct_media: Mapped[bool]
    rtp_symmetric: Mapped[bool]
    force_rport: Mapped[bool]
