"""When the certificate of each edge ends, and which notices were given of which end."""

import sqlalchemy as sa
from alembic import op

revision = "r0062"
down_revision = "r0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward; of rows from before the first end is known, until reports show whose it is."""
    op.add_column("destination_health", sa.Column("certificate_ends", sa.JSON()))
