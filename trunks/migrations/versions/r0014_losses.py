"""How often in a row nobody learned what became of credentials: the wait after a crash doubles with it."""

import sqlalchemy as sa
from alembic import op

revision = "r0014"
down_revision = "r0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("credential_freezes", sa.Column("losses", sa.Integer(), nullable=False, server_default="0"))
