"""The moment from which a queued row's message is sent again is named for what it does."""

import sqlalchemy as sa
from alembic import op

revision = "r0008"
down_revision = "r0007"
branch_labels = None
depends_on = None

_QUEUED = sa.text("status = 'queued'")


def upgrade() -> None:
    """Bring the schema forward."""
    for table in ("verifications", "provisions"):
        op.drop_index(f"ix_{table}_ring_at", table_name=table)
        # SQLite renames a column in place; alembic would copy the table for it.
        op.execute(f"ALTER TABLE {table} RENAME COLUMN ring_at TO notify_at")
        op.create_index(
            f"ix_{table}_notify_at", table, ["notify_at"], postgresql_where=_QUEUED, sqlite_where=_QUEUED
        )
