"""First schema: tenants, trunks with their state, verifications, flips."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_QUEUED = sa.text("status = 'queued'")
_RUNNING = sa.text("status = 'running'")


def _name(length: int = 64) -> sa.String:
    return sa.String(length)


def upgrade() -> None:
    """Bring the schema forward."""
    _create_tenants()
    _create_trunks()
    _create_verifications()


def _create_tenants() -> None:
    op.create_table(
        "environments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", _name(255), nullable=False),
        sa.Column("allow_custom_sip_trunks", sa.Boolean(), nullable=False),
        sa.Column("requests_per_minute", sa.Integer(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_environments"),
        sa.UniqueConstraint("name", name="uq_environments_name"),
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("label", _name(255), nullable=False),
        sa.Column("token_hash", _name(64), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("revoked_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_api_tokens_token_hash"),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
            name="fk_api_tokens_environment_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_api_tokens_environment_id", "api_tokens", ["environment_id"])


def _create_trunks() -> None:
    op.create_table(
        "destinations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", _name(600), nullable=False),
        sa.Column("domain", _name(255), nullable=False),
        sa.Column("port", sa.Integer()),
        sa.Column("transport", _name()),
        sa.Column("outbound_proxy", _name(300)),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_destinations"),
        sa.UniqueConstraint("key", name="uq_destinations_key"),
    )
    op.create_table(
        "trunks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("name", _name(255), nullable=False),
        sa.Column("provider_name", _name(255), nullable=False),
        sa.Column("username", _name(255)),
        sa.Column("sealed_password", sa.LargeBinary()),
        sa.Column("auth_realm", _name(255)),
        sa.Column("outbound_proxy", _name(300)),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("is_verified", sa.Boolean(), nullable=False),
        sa.Column("health_down", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("health_status", _name(), nullable=False),
        sa.Column("verified_generation", sa.Integer()),
        sa.Column("failed_checks", sa.Integer(), nullable=False),
        sa.Column("credentials", _name(), nullable=False),
        sa.Column("last_health_check_at", _MOMENT),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_trunks"),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name="fk_trunks_environment_id", ondelete="CASCADE"
        ),
        sa.CheckConstraint(
            "is_active = (wanted AND is_verified AND NOT health_down)", name="ck_trunks_is_active_follows"
        ),
    )
    op.create_index("ix_trunks_environment_id_id", "trunks", ["environment_id", "id"])
    op.create_table(
        "gateways",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("trunk_id", sa.Uuid(), nullable=False),
        sa.Column("destination_id", sa.Uuid(), nullable=False),
        sa.Column("host", _name(255), nullable=False),
        sa.Column("port", sa.Integer()),
        sa.Column("transport", _name()),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gateways"),
        sa.ForeignKeyConstraint(["trunk_id"], ["trunks.id"], name="fk_gateways_trunk_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["destination_id"], ["destinations.id"], name="fk_gateways_destination_id"),
    )
    op.create_index("ix_gateways_trunk_id", "gateways", ["trunk_id"])
    op.create_index("ix_gateways_destination_id", "gateways", ["destination_id"])


def _create_verifications() -> None:
    op.create_table(
        "verifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("trunk_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("status", _name(), nullable=False),
        sa.Column("requested_by", _name(), nullable=False),
        sa.Column("requested_at", _MOMENT, nullable=False),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("ring_at", _MOMENT, nullable=False),
        sa.Column("claim_id", sa.Uuid()),
        sa.Column("claimed_at", _MOMENT),
        sa.Column("lease_until", _MOMENT),
        sa.Column("auth_sent_at", _MOMENT),
        sa.Column("finished_at", _MOMENT),
        sa.Column("outcome", _name()),
        sa.Column("reason", _name()),
        sa.Column("counted", sa.Boolean()),
        sa.Column("report", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name="pk_verifications"),
        sa.ForeignKeyConstraint(
            ["trunk_id"], ["trunks.id"], name="fk_verifications_trunk_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_verifications_trunk_id_id", "verifications", ["trunk_id", "id"])
    op.create_index(
        "ix_verifications_ring_at",
        "verifications",
        ["ring_at"],
        postgresql_where=_QUEUED,
        sqlite_where=_QUEUED,
    )
    op.create_index(
        "ix_verifications_lease_until",
        "verifications",
        ["lease_until"],
        postgresql_where=_RUNNING,
        sqlite_where=_RUNNING,
    )
    op.create_table(
        "flips",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("trunk_id", sa.Uuid(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("cause", _name(), nullable=False),
        sa.Column("verification_id", sa.Uuid()),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_flips"),
        sa.ForeignKeyConstraint(["trunk_id"], ["trunks.id"], name="fk_flips_trunk_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["verification_id"],
            ["verifications.id"],
            name="fk_flips_verification_id",
            ondelete="SET NULL",
        ),
    )
    op.create_index("ix_flips_trunk_id_id", "flips", ["trunk_id", "id"])
