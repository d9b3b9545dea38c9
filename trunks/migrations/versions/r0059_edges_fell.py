"""Since when an edge in use is silent, where it is, and how often the breaker held that back."""

import sqlalchemy as sa
from alembic import op

revision = "r0059"
down_revision = "r0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward; a former version that still runs writes none of it."""
    op.add_column("destination_health", sa.Column("edge_fell_at", sa.DateTime(timezone=True)))
    op.add_column("destination_health", sa.Column("edge_fell_address", sa.String(64)))
    op.add_column(
        "destination_health",
        sa.Column("edge_held_failures", sa.Integer(), nullable=False, server_default="0"),
    )
    op.create_index(
        "ix_destination_health_edge_fell_at",
        "destination_health",
        ["edge_fell_at"],
        postgresql_where=sa.text("edge_fell_at IS NOT NULL"),
        sqlite_where=sa.text("edge_fell_at IS NOT NULL"),
    )
