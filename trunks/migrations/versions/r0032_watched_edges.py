"""What health checks say of the edges that calls go to, and which names lead where no call may go."""

import sqlalchemy as sa
from alembic import op

revision = "r0032"
down_revision = "r0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    with op.batch_alter_table("way_findings") as findings:
        findings.add_column(sa.Column("watch", sa.JSON()))
        findings.add_column(sa.Column("forbidden_since", sa.DateTime(timezone=True)))
        findings.add_column(sa.Column("is_parked", sa.Boolean(), nullable=False, server_default=sa.false()))
    # Trunks are found by their gateways.
    op.drop_index("ix_outbound_ways_destination_id", "outbound_ways")
    op.create_index(
        "ix_way_findings_forbidden_since",
        "way_findings",
        ["forbidden_since"],
        postgresql_where=sa.text("forbidden_since IS NOT NULL"),
        sqlite_where=sa.text("forbidden_since IS NOT NULL"),
    )
