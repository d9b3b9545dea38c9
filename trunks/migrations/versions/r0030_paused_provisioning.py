"""Writes that nobody asked for can be held back, until an operator lets them."""

import sqlalchemy as sa
from alembic import op

revision = "r0030"
down_revision = "r0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    with op.batch_alter_table("infrastructures") as infrastructures:
        infrastructures.add_column(
            sa.Column("paused", sa.Boolean(), nullable=False, server_default=sa.false())
        )
