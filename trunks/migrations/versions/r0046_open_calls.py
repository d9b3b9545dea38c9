"""What ends a call that may be up, beside the trunk and the run that it was made for, and not below them."""

import sqlalchemy as sa
from alembic import op

revision = "r0046"
down_revision = "r0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "open_calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.String(64), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("trunk_id", sa.Uuid(), nullable=False),
        sa.Column("ends", sa.JSON(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claim_id", sa.Uuid()),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_open_calls"),
        sa.UniqueConstraint("call_id", name="uq_open_calls_call_id"),
    )
    op.create_index("ix_open_calls_lease_until", "open_calls", ["lease_until"])
    op.create_index("ix_open_calls_run_id", "open_calls", ["run_id"])
    # Those of calls that a worker left up in this very moment go with it: their peers end them.
    op.drop_column("placed_calls", "ends")
