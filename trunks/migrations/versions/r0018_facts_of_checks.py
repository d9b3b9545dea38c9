"""What a carrier's answer to a health check said besides its status, looked at once an hour and at each failure."""

import sqlalchemy as sa
from alembic import op

revision = "r0018"
down_revision = "r0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("destination_health", sa.Column("facts", sa.JSON(none_as_null=True)))
    op.add_column("destination_health", sa.Column("facts_status", sa.Integer()))
    op.add_column("destination_health", sa.Column("facts_at", sa.DateTime(timezone=True)))
