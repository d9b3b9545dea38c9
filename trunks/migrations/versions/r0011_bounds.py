"""Bounds: what deletion and foreign keys look rows up by, rollups by the day, since when a destination has no trunk."""

import sqlalchemy as sa
from alembic import op

revision = "r0011"
down_revision = "r0010"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_OF_A_RUN = sa.text("verification_id IS NOT NULL")


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_index(
        "ix_flips_verification_id",
        "flips",
        ["verification_id"],
        postgresql_where=_OF_A_RUN,
        sqlite_where=_OF_A_RUN,
    )
    op.create_index("ix_flips_at", "flips", ["at"])
    op.create_index("ix_health_rollups_hour", "health_rollups", ["hour"])
    op.add_column("destinations", sa.Column("unused_since", _MOMENT))
    op.create_table(
        "daily_rollups",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("destination_id", sa.Uuid(), nullable=False),
        sa.Column("day", _MOMENT, nullable=False),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("latency_sum_ms", sa.Double(), nullable=False),
        sa.Column("latency_max_ms", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_daily_rollups"),
        sa.UniqueConstraint("destination_id", "day", name="uq_daily_rollups_destination_id"),
        sa.ForeignKeyConstraint(
            ["destination_id"],
            ["destinations.id"],
            name="fk_daily_rollups_destination_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_daily_rollups_day", "daily_rollups", ["day"])
