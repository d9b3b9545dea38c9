"""Who stands in From of a trunk's calls: its number, or its username."""

import sqlalchemy as sa
from alembic import op

revision = "r0050"
down_revision = "r0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column(
        "trunk_profiles",
        sa.Column("caller_identity", sa.String(64), nullable=False, server_default="number"),
    )
