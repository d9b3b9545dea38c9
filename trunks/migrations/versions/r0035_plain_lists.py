"""Allow-lists of sides that stand keep their plain spelling until an operator lets them be written anew."""

import sqlalchemy as sa
from alembic import op

revision = "r0035"
down_revision = "r0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column(
        "provisions", sa.Column("plain_list", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.execute(sa.text("UPDATE provisions SET plain_list = true WHERE inbound_id IS NOT NULL"))
