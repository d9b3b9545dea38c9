"""Frozen credentials, learned realms, pacing by edge address, and the installation's own sealed keys."""

import sqlalchemy as sa
from alembic import op

revision = "r0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "installation_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_installation_keys"),
        sa.UniqueConstraint("name", name="uq_installation_keys_name"),
    )
    op.create_table(
        "credential_freezes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("account_key", sa.String(64), nullable=False),
        sa.Column("rejected_at", _MOMENT),
        sa.Column("held_by", sa.Uuid()),
        sa.Column("held_until", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_credential_freezes"),
        sa.UniqueConstraint("key", name="uq_credential_freezes_key"),
    )
    op.create_index("ix_credential_freezes_account_key", "credential_freezes", ["account_key"])
    op.create_index("ix_credential_freezes_held_by", "credential_freezes", ["held_by"])
    op.create_table(
        "realm_pins",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("destination_id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.String(255), nullable=False),
        sa.Column("realms", sa.JSON(), nullable=False),
        sa.Column("proven_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_realm_pins"),
        sa.UniqueConstraint("destination_id", "username", name="uq_realm_pins_destination_id"),
        sa.ForeignKeyConstraint(
            ["destination_id"],
            ["destinations.id"],
            name="fk_realm_pins_destination_id",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "edge_budgets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column("refilled_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_edge_budgets"),
        sa.UniqueConstraint("address", name="uq_edge_budgets_address"),
    )
    op.create_table(
        "edge_slots",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("held_until", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_edge_slots"),
        sa.UniqueConstraint("address", "claim_id", name="uq_edge_slots_address"),
    )
    op.create_index("ix_edge_slots_claim_id", "edge_slots", ["claim_id"])
