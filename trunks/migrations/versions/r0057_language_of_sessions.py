"""The language that somebody chose at the console."""

import sqlalchemy as sa
from alembic import op

revision = "r0057"
down_revision = "r0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("console_sessions", sa.Column("language", sa.String(16)))
