"""A way of calls that was found while provisioning is paused is known to wait."""

import sqlalchemy as sa
from alembic import op

revision = "r0049"
down_revision = "r0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column(
        "provisions", sa.Column("way_waits", sa.Boolean(), nullable=False, server_default=sa.false())
    )
