"""Which of his addresses an operator was told of an incident by."""

import sqlalchemy as sa
from alembic import op

revision = "r0053"
down_revision = "r0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("incidents", sa.Column("notify_told", sa.String(400)))
