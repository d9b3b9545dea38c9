"""A trunk says how its credentials are proven."""

import sqlalchemy as sa
from alembic import op

revision = "r0037"
down_revision = "r0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    # Not in a batch: to make the table anew on SQLite would take along what belongs to its rows.
    op.add_column("trunks", sa.Column("proof", sa.String(64), nullable=False, server_default="auto"))
