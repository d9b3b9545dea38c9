"""Links to the pages of runs."""

import sqlalchemy as sa
from alembic import op

from trunks.models.base import UtcDateTime

revision = "r0040"
down_revision = "r0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "shared_pages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("verification_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shared_pages"),
        sa.UniqueConstraint("token_hash", name="uq_shared_pages_token_hash"),
        sa.ForeignKeyConstraint(
            ["verification_id"],
            ["verifications.id"],
            name="fk_shared_pages_verification_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_shared_pages_verification_id", "shared_pages", ["verification_id"])
    op.create_index("ix_shared_pages_expires_at", "shared_pages", ["expires_at"])
