"""Maintenance, and incidents that the operator is told of."""

import sqlalchemy as sa
from alembic import op

revision = "r0049"
down_revision = "r0048"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Bring the schema forward; of incidents so far the operator is not told."""
    op.create_table(
        "maintenances",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid()),
        sa.Column("destination_id", sa.Uuid()),
        sa.Column("trunk_id", sa.Uuid()),
        sa.Column("began_at", _MOMENT, nullable=False),
        sa.Column("until_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT),
        sa.Column("note", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_maintenances"),
        *(
            sa.ForeignKeyConstraint(
                [f"{of}_id"], [f"{of}s.id"], name=f"fk_maintenances_{of}_id", ondelete="CASCADE"
            )
            for of in ("environment", "destination", "trunk")
        ),
    )
    for of in ("environment", "destination", "trunk"):
        op.create_index(f"ix_maintenances_{of}_id", "maintenances", [f"{of}_id"])
    standing = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_maintenances_until_at",
        "maintenances",
        ["until_at"],
        postgresql_where=standing,
        sqlite_where=standing,
    )
    # Whom a message of an incident is about.
    op.add_column("webhook_deliveries", sa.Column("about_trunk_id", sa.Uuid()))
    op.execute("UPDATE webhook_deliveries SET about_trunk_id = trunk_id")
    op.add_column("incidents", sa.Column("notify_at", _MOMENT))
    op.add_column("incidents", sa.Column("notify_tries", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("incidents", sa.Column("claim_id", sa.Uuid()))
    op.add_column("incidents", sa.Column("lease_until", _MOMENT))
    untold = sa.text("notify_at IS NOT NULL")
    op.create_index(
        "ix_incidents_notify_at", "incidents", ["notify_at"], postgresql_where=untold, sqlite_where=untold
    )
