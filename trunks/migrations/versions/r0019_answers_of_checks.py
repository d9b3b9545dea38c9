"""What answered a check last, and when that was another: whoever alone asks there is proven again."""

import sqlalchemy as sa
from alembic import op

revision = "r0019"
down_revision = "r0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("destination_health", sa.Column("answer_status", sa.Integer()))
    op.add_column("destination_health", sa.Column("answer_server", sa.String(255)))
    op.add_column("destination_health", sa.Column("changed_at", sa.DateTime(timezone=True)))
