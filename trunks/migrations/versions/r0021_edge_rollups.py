"""Checks are counted by edge too, and their latencies by sixteen sizes."""

import sqlalchemy as sa
from alembic import op

revision = "r0021"
down_revision = "r0020"
branch_labels = None
depends_on = None

_BUCKETS = 16


def upgrade() -> None:
    """Bring the schema forward."""
    for table, moment in (("health_rollups", "hour"), ("daily_rollups", "day")):
        name = f"uq_{table}_destination_id"
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("edge", sa.String(80), nullable=False, server_default=""))
            batch.add_column(
                sa.Column("of_destination", sa.Boolean(), nullable=False, server_default=sa.true())
            )
            for number in range(_BUCKETS):
                batch.add_column(
                    sa.Column(f"latency_{number:02}", sa.Integer(), nullable=False, server_default="0")
                )
            batch.drop_constraint(name, type_="unique")
            batch.create_unique_constraint(name, ["destination_id", "edge", "of_destination", moment])
