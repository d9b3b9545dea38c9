"""Shares of an address's pace: whose its tokens and slots are, and which runs wait for it."""

import sqlalchemy as sa
from alembic import op

revision = "r0020"
down_revision = "r0019"
branch_labels = None
depends_on = None

_WAITING = sa.text("status = 'queued' AND waits_at IS NOT NULL")


def upgrade() -> None:
    """Bring the schema forward."""
    moment = sa.DateTime(timezone=True)
    op.add_column("edge_budgets", sa.Column("contended_until", moment))
    op.add_column(
        "edge_budgets", sa.Column("checks_next", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("edge_slots", sa.Column("wanter_id", sa.Uuid()))
    op.add_column(
        "edge_slots", sa.Column("on_demand", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_table(
        "edge_shares",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("wanter_id", sa.Uuid(), nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column("wants", sa.Double(), nullable=False),
        sa.Column("wanted_until", moment, nullable=False),
        sa.Column("line_until", moment, nullable=False),
        sa.Column("slot_wanted_at", moment),
        sa.Column("slot_on_demand", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_edge_shares"),
        sa.UniqueConstraint("address", "wanter_id", name="uq_edge_shares_address"),
    )
    op.add_column("verifications", sa.Column("waits_at", sa.String(64)))
    op.create_index(
        "ix_verifications_waits_at",
        "verifications",
        ["waits_at", "environment_id", "due_at"],
        postgresql_where=_WAITING,
        sqlite_where=_WAITING,
    )
