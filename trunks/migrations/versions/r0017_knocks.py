"""What peers' guards may have counted against us, and the passwords that were refused, by address."""

import sqlalchemy as sa
from alembic import op

revision = "r0017"
down_revision = "r0016"
branch_labels = None
depends_on = None

_RESERVED = sa.text("claim_id IS NOT NULL")


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "knocks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("environment_id", sa.Uuid()),
        sa.Column("account_key", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("claim_id", sa.Uuid()),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_knocks"),
    )
    op.create_table(
        "knock_waits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_knock_waits"),
        sa.UniqueConstraint("address", "environment_id", name="uq_knock_waits_address"),
    )
    op.create_index("ix_knocks_address_at", "knocks", ["address", "at"])
    op.create_index("ix_knocks_at", "knocks", ["at"])
    op.create_index(
        "ix_knocks_claim_id",
        "knocks",
        ["claim_id"],
        postgresql_where=_RESERVED,
        sqlite_where=_RESERVED,
    )
