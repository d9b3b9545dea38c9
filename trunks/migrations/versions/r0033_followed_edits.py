"""An edit that may be taken back keeps off the next one that may be."""

import sqlalchemy as sa
from alembic import op

from trunks.models.base import UtcDateTime

revision = "r0033"
down_revision = "r0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    with op.batch_alter_table("provisions") as provisions:
        provisions.add_column(sa.Column("followed_until", UtcDateTime(), nullable=True))
