"""What was measured of the voice infrastructure is kept, each fact with its time."""

import sqlalchemy as sa
from alembic import op

revision = "r0041"
down_revision = "r0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "infrastructure_checks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provisioner", sa.String(64), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("claim_id", sa.Uuid()),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_infrastructure_checks"),
        sa.UniqueConstraint("provisioner", name="uq_infrastructure_checks_provisioner"),
    )
