"""Sides that a former version made keep the media that they have, until an edit writes them."""

import sqlalchemy as sa
from alembic import op

revision = "r0028"
down_revision = "r0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    with op.batch_alter_table("provisions") as provisions:
        provisions.add_column(
            sa.Column("keeps_former", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table("infrastructures") as infrastructures:
        infrastructures.add_column(sa.Column("keeps_media", sa.Boolean(), nullable=True))
    op.execute(
        "UPDATE provisions SET keeps_former = true WHERE inbound_id IS NOT NULL OR outbound_id IS NOT NULL"
    )
