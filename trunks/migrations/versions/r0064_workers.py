"""Which workers the store has seen, and when: a broker knows those of others too."""

import sqlalchemy as sa
from alembic import op

revision = "r0064"
down_revision = "r0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "workers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("does_runs", sa.Boolean(), nullable=False),
        sa.Column("checks_health", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
