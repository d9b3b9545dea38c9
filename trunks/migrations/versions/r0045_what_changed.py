"""What was good of a destination, and what changed; incidents of several destinations."""

import sqlalchemy as sa
from alembic import op

revision = "r0045"
down_revision = "r0044"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Bring the schema forward; incidents so far had one place each, which takes their id."""
    op.add_column("destination_health", sa.Column("good", sa.JSON()))
    op.add_column("destination_health", sa.Column("first_failure", sa.JSON()))
    op.add_column("incident_trunks", sa.Column("place_id", sa.Uuid()))
    op.add_column("incident_trunks", sa.Column("verification_id", sa.Uuid()))
    op.add_column("incident_trunks", sa.Column("changed", sa.JSON()))
    op.create_table(
        "incident_places",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("destination_id", sa.Uuid()),
        sa.Column("domain", sa.String(255), nullable=False),
        sa.Column("reason", sa.String(64)),
        sa.Column("silent_since", _MOMENT),
        sa.Column("began_at", _MOMENT, nullable=False),
        sa.Column("changed", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name="pk_incident_places"),
        sa.UniqueConstraint("incident_id", "destination_id", name="uq_incident_places_incident_id"),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name="fk_incident_places_incident_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["destination_id"],
            ["destinations.id"],
            name="fk_incident_places_destination_id",
            ondelete="SET NULL",
        ),
    )
    op.create_index("ix_incident_places_destination_id", "incident_places", ["destination_id"])
    op.create_table(
        "incident_addresses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_incident_addresses"),
        sa.UniqueConstraint("incident_id", "address", name="uq_incident_addresses_incident_id"),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name="fk_incident_addresses_incident_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_incident_addresses_address", "incident_addresses", ["address"])
    op.execute(
        "INSERT INTO incident_places (id, incident_id, destination_id, domain, reason, silent_since, began_at)"
        " SELECT id, id, destination_id, domain, reason, silent_since, opened_at FROM incidents"
    )
    op.execute("UPDATE incident_trunks SET place_id = incident_id")
