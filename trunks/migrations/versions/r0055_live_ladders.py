"""What a run that is under way has sent and received so far, for whoever watches it."""

import sqlalchemy as sa
from alembic import op

from trunks.models.base import UtcDateTime

revision = "r0055"
down_revision = "r0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "live_ladders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_live_ladders"),
        sa.ForeignKeyConstraint(["id"], ["verifications.id"], name="fk_live_ladders_id", ondelete="CASCADE"),
    )
