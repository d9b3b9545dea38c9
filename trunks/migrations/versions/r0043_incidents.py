"""Incidents, and the trunks that are concerned."""

import sqlalchemy as sa
from alembic import op

revision = "r0043"
down_revision = "r0042"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "incidents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("destination_id", sa.Uuid()),
        sa.Column("domain", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(64)),
        sa.Column("silent_since", _MOMENT),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("closed_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
        sa.ForeignKeyConstraint(
            ["destination_id"], ["destinations.id"], name="fk_incidents_destination_id", ondelete="SET NULL"
        ),
    )
    op.create_index("ix_incidents_destination_id", "incidents", ["destination_id"])
    op.create_index("ix_incidents_opened_at", "incidents", ["opened_at"])
    op.create_index(
        "ix_incidents_open",
        "incidents",
        ["destination_id"],
        postgresql_where=sa.text("closed_at IS NULL"),
        sqlite_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "incident_trunks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("trunk_id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("fell_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT),
        sa.Column("ended", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_incident_trunks"),
        sa.UniqueConstraint("incident_id", "trunk_id", name="uq_incident_trunks_incident_id"),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name="fk_incident_trunks_incident_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["trunk_id"], ["trunks.id"], name="fk_incident_trunks_trunk_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_incident_trunks_trunk_id", "incident_trunks", ["trunk_id"])
    op.create_index("ix_incident_trunks_environment_id", "incident_trunks", ["environment_id"])
