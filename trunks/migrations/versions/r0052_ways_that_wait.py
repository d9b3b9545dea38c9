"""A way of calls that was found while provisioning is paused is known to wait."""

import sqlalchemy as sa
from alembic import op

revision = "r0052"
down_revision = "r0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column(
        "provisions", sa.Column("way_waits", sa.Boolean(), nullable=False, server_default=sa.false())
    )
