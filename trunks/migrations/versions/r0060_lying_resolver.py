"""Since when, and when last, so many names led where no call may go that our own resolver is suspected."""

import sqlalchemy as sa
from alembic import op

revision = "r0060"
down_revision = "r0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("infrastructures", sa.Column("lie_began_at", sa.DateTime(timezone=True)))
    op.add_column("infrastructures", sa.Column("lie_seen_at", sa.DateTime(timezone=True)))
