"""Which request made an endpoint's secret: sent again under its key, it is given the same."""

import sqlalchemy as sa
from alembic import op

revision = "r0063"
down_revision = "r0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("webhook_endpoints", sa.Column("rotation_id", sa.Uuid()))
