"""Of the writes a second on the voice infrastructure, a share is kept for what nobody asked for."""

import sqlalchemy as sa
from alembic import op

revision = "r0056"
down_revision = "r0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward. Until the first write nothing is kept."""
    op.add_column("infrastructures", sa.Column("writes_kept", sa.Double()))
