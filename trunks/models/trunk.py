"""A customer's trunk, its gateways, and the state that the rules keep (trunks.rules.trunk_state)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sipcheck.diagnosis.evidence import Proof
from sipcheck.reasons import CredentialState
from sipcheck.target import TransportName
from trunks.models.base import Base, named, partial_index
from trunks.rules.trunk_state import HealthStatus

# Written in questions as they are here: SQLite takes a partial index for the same words alone.
DRAFTS = text("is_draft")
TO_PROVISION = text("wanted AND is_verified AND NOT provision_begun AND NOT is_draft")
_PROVEN = text("next_proof_at IS NOT NULL")
# As trunks.rules.attention says it: each trunk that is entered is in one of them.
FALLEN = text("(health_down OR (ever_verified AND NOT is_verified)) AND NOT is_draft")
NEVER_WORKED = text("NOT health_down AND NOT ever_verified AND NOT is_verified AND NOT is_draft")
DEGRADED = text("NOT health_down AND is_verified AND health_status = 'degraded' AND NOT is_draft")
WELL = text("NOT health_down AND is_verified AND health_status <> 'degraded' AND NOT is_draft")


class Trunk(Base):
    """`generation` counts the edits of what a verification depends on; a result for an older one is void."""

    __tablename__ = "trunks"
    __table_args__ = (
        CheckConstraint("is_active = (wanted AND is_verified AND NOT health_down)", name="is_active_follows"),
        Index("ix_trunks_environment_id_id", "environment_id", "id"),
        partial_index("ix_trunks_is_draft", "created_at", where=DRAFTS),
        partial_index("ix_trunks_to_provision", "id", where=TO_PROVISION),
        partial_index("ix_trunks_next_proof_at", "next_proof_at", where=_PROVEN),
        partial_index("ix_trunks_fallen", "environment_id", "id", where=FALLEN),
        partial_index("ix_trunks_never_worked", "environment_id", "id", where=NEVER_WORKED),
        partial_index("ix_trunks_degraded", "environment_id", "id", where=DEGRADED),
        partial_index("ix_trunks_well", "environment_id", "id", where=WELL),
        Index("ix_trunks_name", "environment_id", "name", "id"),
    )

    environment_id: Mapped[UUID] = mapped_column(ForeignKey("environments.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(255))
    provider_name: Mapped[str] = mapped_column(String(255))
    username: Mapped[str | None] = mapped_column(String(255))
    sealed_password: Mapped[bytes | None]
    auth_realm: Mapped[str | None] = mapped_column(String(255))
    outbound_proxy: Mapped[str | None] = mapped_column(String(300))
    # How the credentials are proven. To prove them otherwise makes nothing void that is known.
    proof: Mapped[Proof] = mapped_column(named(Proof), default=Proof.AUTO, server_default=Proof.AUTO.value)
    generation: Mapped[int]

    wanted: Mapped[bool]
    is_verified: Mapped[bool]
    # Whether it ever was, in whichever configuration: its numbers are its own from then on.
    ever_verified: Mapped[bool] = mapped_column(default=False, server_default=false())
    health_down: Mapped[bool]
    is_active: Mapped[bool]
    health_status: Mapped[HealthStatus] = mapped_column(named(HealthStatus))
    verified_generation: Mapped[int | None]
    failed_checks: Mapped[int]
    # In a row, while the trunk is unhealthy.
    answered_checks: Mapped[int] = mapped_column(default=0, server_default="0")
    # Health begins with the first living answer of a generation; an interval of 0 ends it, none is the setting's.
    living_generation: Mapped[int | None]
    health_interval_seconds: Mapped[float | None]
    next_proof_at: Mapped[datetime | None]
    credentials: Mapped[CredentialState] = mapped_column(named(CredentialState))
    last_health_check_at: Mapped[datetime | None]

    # One that is verified before it is entered: hidden, and gone with the answer.
    is_draft: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Whether its provisioning was ever asked for; from then on its provision says how it stands.
    provision_begun: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Of its last event.
    event_sequence: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    gateways: Mapped[list["Gateway"]] = relationship(
        order_by="(Gateway.priority, Gateway.id)", lazy="selectin", cascade="all, delete-orphan"
    )


class Gateway(Base):
    """`host` is as the customer wrote it; its normal form is the destination's domain. `led_since` is when it began to
    lead to its destination, null for as long as the trunk is there.
    """

    __tablename__ = "gateways"

    trunk_id: Mapped[UUID] = mapped_column(ForeignKey("trunks.id", ondelete="CASCADE"), index=True)
    destination_id: Mapped[UUID] = mapped_column(ForeignKey("destinations.id"), index=True)
    host: Mapped[str] = mapped_column(String(255))
    port: Mapped[int | None]
    transport: Mapped[TransportName | None] = mapped_column(named(TransportName))
    priority: Mapped[int]
    led_since: Mapped[datetime | None]
