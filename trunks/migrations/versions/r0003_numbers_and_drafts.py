"""Phone numbers, drafts for dry runs, and the request that asked for a verification."""

import sqlalchemy as sa
from alembic import op

revision = "r0003"
down_revision = "r0002"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_DRAFTS = sa.text("is_draft")


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "phone_numbers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("trunk_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("number", sa.String(64), nullable=False),
        sa.Column("e164", sa.String(16)),
        sa.Column("country_code", sa.String(2)),
        sa.Column("name", sa.String(255)),
        sa.Column("assigned_to", sa.String(255)),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_phone_numbers"),
        sa.UniqueConstraint("environment_id", "key", name="uq_phone_numbers_environment_id"),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
            name="fk_phone_numbers_environment_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["trunk_id"], ["trunks.id"], name="fk_phone_numbers_trunk_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_phone_numbers_trunk_id_id", "phone_numbers", ["trunk_id", "id"])
    op.add_column("verifications", sa.Column("request_id", sa.String(64)))
    op.add_column("trunks", sa.Column("is_draft", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(
        "ix_trunks_is_draft",
        "trunks",
        ["created_at"],
        postgresql_where=_DRAFTS,
        sqlite_where=_DRAFTS,
    )
