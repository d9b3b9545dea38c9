"""Queued runs are claimed in turn: by environment, and by the way in which they came. Nobody is rung for them again."""

import sqlalchemy as sa
from alembic import op

revision = "r0013"
down_revision = "r0012"
branch_labels = None
depends_on = None

_QUEUED = sa.text("status = 'queued'")


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("verifications", sa.Column("environment_id", sa.Uuid()))
    op.add_column("verifications", sa.Column("way_in", sa.String(64)))
    # What is done is in no queue any more.
    op.execute(
        "UPDATE verifications SET environment_id ="
        " (SELECT environment_id FROM trunks WHERE trunks.id = verifications.trunk_id),"
        " way_in = CASE WHEN requested_by = 'schedule' THEN 'scheduled' ELSE 'queued' END"
        " WHERE status <> 'done'"
    )
    op.drop_index("ix_verifications_notify_at", table_name="verifications")
    op.drop_column("verifications", "notify_at")
    op.create_index(
        "ix_verifications_due_at", "verifications", ["due_at"], postgresql_where=_QUEUED, sqlite_where=_QUEUED
    )
    op.create_index(
        "ix_verifications_turn",
        "verifications",
        ["environment_id", "way_in", "due_at"],
        postgresql_where=_QUEUED,
        sqlite_where=_QUEUED,
    )
