"""Passwords that a carrier rejected: when they are tried again, and whether calls are kept from sending them."""

import sqlalchemy as sa
from alembic import op

revision = "r0042"
down_revision = "r0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "rejected_passwords",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("trunk_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("was_proven", sa.Boolean(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rejected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decide_at", sa.DateTime(timezone=True)),
        sa.Column("try_at", sa.DateTime(timezone=True)),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("is_withheld", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rejected_passwords"),
        sa.UniqueConstraint("trunk_id", name="uq_rejected_passwords_trunk_id"),
        sa.ForeignKeyConstraint(
            ["trunk_id"], ["trunks.id"], name="fk_rejected_passwords_trunk_id", ondelete="CASCADE"
        ),
    )
    op.create_index(
        "ix_rejected_passwords_address_rejected_at", "rejected_passwords", ["address", "rejected_at"]
    )
