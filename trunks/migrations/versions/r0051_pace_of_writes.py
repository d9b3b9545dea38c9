"""Writes on the voice infrastructure that nobody waits for have a pace over all workers, and an order."""

import sqlalchemy as sa
from alembic import op

revision = "r0051"
down_revision = "r0050"
branch_labels = None
depends_on = None

_PACED = sa.text("status = 'queued' AND occasion <> 'asked'")


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("provisions", sa.Column("occasion", sa.String(64), nullable=False, server_default="asked"))
    op.create_index(
        "ix_provisions_paced",
        "provisions",
        ["occasion", "notify_at"],
        postgresql_where=_PACED,
        sqlite_where=_PACED,
    )
    op.add_column("infrastructures", sa.Column("writes_left", sa.Double()))
    op.add_column("infrastructures", sa.Column("refilled_at", sa.DateTime(timezone=True)))
