"""Test calls, how often whom was called, and which environments may call whom."""

import sqlalchemy as sa
from alembic import op

revision = "r0038"
down_revision = "r0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "placed_calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("trunk_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(64), nullable=False),
        sa.Column("called", sa.String(16), nullable=False),
        sa.Column("caller", sa.String(32)),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("ends", sa.JSON()),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("outcome", sa.String(64)),
        sa.Column("reason", sa.String(64)),
        sa.Column("summary", sa.String(1000)),
        sa.Column("report", sa.JSON()),
        sa.Column("request_id", sa.String(64)),
        sa.Column("claim_id", sa.Uuid()),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_placed_calls"),
        sa.ForeignKeyConstraint(
            ["trunk_id"], ["trunks.id"], name="fk_placed_calls_trunk_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_placed_calls_trunk_id_id", "placed_calls", ["trunk_id", "id"])
    for column, status in (("requested_at", "queued"), ("lease_until", "running"), ("finished_at", "done")):
        where = sa.text(f"status = '{status}'")
        op.create_index(
            f"ix_placed_calls_{column}",
            "placed_calls",
            [column],
            postgresql_where=where,
            sqlite_where=where,
        )
    op.create_table(
        "call_quotas",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("called_at", sa.JSON(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_call_quotas"),
        sa.UniqueConstraint("key", name="uq_call_quotas_key"),
    )
    op.create_index("ix_call_quotas_last_at", "call_quotas", ["last_at"])
    # Not in batches: to make a table anew on SQLite would take along what belongs to its rows.
    op.add_column(
        "environments",
        sa.Column("allow_test_calls", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("environments", sa.Column("call_countries", sa.String(255), nullable=True))
