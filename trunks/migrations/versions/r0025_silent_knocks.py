"""What had no answer is no sign that an address is banned: a carrier that is dead would look like one that bans us."""

import sqlalchemy as sa
from alembic import op

revision = "r0025"
down_revision = "r0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("knocks", sa.Column("silent", sa.Integer(), nullable=False, server_default="0"))
