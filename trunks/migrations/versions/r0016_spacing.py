"""Checks are spaced by Request-URI host and edge address, and late since they were first due."""

import sqlalchemy as sa
from alembic import op

revision = "r0016"
down_revision = "r0015"
branch_labels = None
depends_on = None

_LATE = sa.text("due_since IS NOT NULL")


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("destination_health", sa.Column("due_since", sa.DateTime(timezone=True)))
    op.add_column("destination_health", sa.Column("edge_addresses", sa.String(400)))
    op.create_index(
        "ix_destination_health_due_since",
        "destination_health",
        ["due_since"],
        postgresql_where=_LATE,
        sqlite_where=_LATE,
    )
