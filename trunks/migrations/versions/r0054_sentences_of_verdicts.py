"""Summary and advice of runs and test calls as sentences, so that a list can say them in another language."""

import sqlalchemy as sa
from alembic import op

revision = "r0054"
down_revision = "r0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward. Of runs that are there the English alone is kept."""
    for table in ("verifications", "placed_calls"):
        op.add_column(table, sa.Column("sentences", sa.JSON()))
