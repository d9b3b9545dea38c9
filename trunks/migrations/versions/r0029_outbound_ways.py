"""By which way calls leave for each trunk."""

import sqlalchemy as sa
from alembic import op

revision = "r0029"
down_revision = "r0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "outbound_ways",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("trunk_id", sa.Uuid(), nullable=False),
        sa.Column("destination_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("form", sa.String(64), nullable=False),
        sa.Column("host", sa.String(255)),
        sa.Column("address", sa.String(64)),
        sa.Column("port", sa.Integer()),
        sa.Column("transport", sa.String(64)),
        sa.Column("proof", sa.String(64)),
        sa.Column("can_call", sa.Boolean()),
        sa.Column("reason", sa.String(1000), nullable=False),
        sa.Column("proven_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbound_ways"),
        sa.UniqueConstraint("trunk_id", name="uq_outbound_ways_trunk_id"),
        sa.ForeignKeyConstraint(
            ["trunk_id"], ["trunks.id"], name="fk_outbound_ways_trunk_id", ondelete="CASCADE"
        ),
    )
