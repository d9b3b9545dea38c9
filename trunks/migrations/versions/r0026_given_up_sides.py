"""Sides on the voice infrastructure that were made and given up."""

import sqlalchemy as sa
from alembic import op

from trunks.models.base import UtcDateTime

revision = "r0026"
down_revision = "r0025"
branch_labels = None
depends_on = None

_STANDING = sa.text("gone_at IS NULL")


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("provisions", sa.Column("newer_revision", sa.Integer(), nullable=True))
    op.create_table(
        "given_up_sides",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provisioner", sa.String(64), nullable=False),
        sa.Column("side_id", sa.String(255), nullable=False),
        sa.Column("trunk_id", sa.Uuid(), nullable=False),
        sa.Column("given_up_at", UtcDateTime(), nullable=False),
        sa.Column("gone_at", UtcDateTime(), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_given_up_sides"),
        sa.UniqueConstraint("side_id", "provisioner", name="uq_given_up_sides_side_id"),
    )
    op.create_index("ix_given_up_sides_trunk_id", "given_up_sides", ["trunk_id"])
    op.create_index("ix_given_up_sides_given_up_at", "given_up_sides", ["given_up_at"])
    op.create_index(
        "ix_given_up_sides_due_at",
        "given_up_sides",
        ["due_at"],
        postgresql_where=_STANDING,
        sqlite_where=_STANDING,
    )
