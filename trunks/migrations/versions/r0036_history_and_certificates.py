"""Since when a gateway leads to its destination, where its history begins; when certificates of a destination end."""

import sqlalchemy as sa
from alembic import op

revision = "r0036"
down_revision = "r0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("gateways", sa.Column("led_since", sa.DateTime(timezone=True)))
    op.add_column("destination_health", sa.Column("certificate_expires_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_destination_health_certificate_expires_at",
        "destination_health",
        ["certificate_expires_at"],
        postgresql_where=sa.text("certificate_expires_at IS NOT NULL"),
        sqlite_where=sa.text("certificate_expires_at IS NOT NULL"),
    )
