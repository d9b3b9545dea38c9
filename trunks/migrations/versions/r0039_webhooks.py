"""Webhooks: endpoints, messages and their deliveries; flips that were not told yet, in an order by trunk."""

import sqlalchemy as sa
from alembic import op

revision = "r0039"
down_revision = "r0038"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Bring the schema forward."""
    # What was flipped before is told to nobody.
    op.add_column("flips", sa.Column("untold", sa.Boolean(), nullable=False, server_default=sa.false()))
    _partial_index("ix_flips_untold", "flips", ["id"], "untold")
    op.add_column("trunks", sa.Column("event_sequence", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("destination_health", sa.Column("certificate_told_days", sa.Integer()))
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(2048), nullable=False),
        sa.Column("description", sa.String(255)),
        sa.Column("events", sa.String(1000)),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.String(64)),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("former_sealed_secret", sa.LargeBinary()),
        sa.Column("former_until", _MOMENT),
        sa.Column("failing_since", _MOMENT),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("claim_id", sa.Uuid()),
        sa.Column("lease_until", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_endpoints"),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
            name="fk_webhook_endpoints_environment_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_webhook_endpoints_environment_id", "webhook_endpoints", ["environment_id"])
    op.create_table(
        "webhook_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("trunk_id", sa.Uuid()),
        sa.Column("sequence", sa.Integer()),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_messages"),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
            name="fk_webhook_messages_environment_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_webhook_messages_environment_id", "webhook_messages", ["environment_id"])
    op.create_index("ix_webhook_messages_at", "webhook_messages", ["at"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("trunk_id", sa.Uuid()),
        sa.Column("sequence", sa.Integer()),
        sa.Column("queued_at", _MOMENT, nullable=False),
        sa.Column("status", sa.String(64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", _MOMENT, nullable=False),
        sa.Column("tried_at", _MOMENT),
        sa.Column("last_status", sa.Integer()),
        sa.Column("last_error", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
        sa.UniqueConstraint("message_id", "endpoint_id", name="uq_webhook_deliveries_message_id"),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.id"],
            name="fk_webhook_deliveries_endpoint_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["webhook_messages.id"],
            name="fk_webhook_deliveries_message_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_webhook_deliveries_endpoint_id_id", "webhook_deliveries", ["endpoint_id", "id"])
    waiting = "status = 'waiting'"
    _partial_index("ix_webhook_deliveries_next_try_at", "webhook_deliveries", ["next_try_at"], waiting)
    _partial_index(
        "ix_webhook_deliveries_elder", "webhook_deliveries", ["endpoint_id", "trunk_id", "sequence"], waiting
    )


def _partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, postgresql_where=sa.text(where), sqlite_where=sa.text(where))
