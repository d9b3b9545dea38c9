"""Trunks whose provisioning is to begin are found by an index, and not by looking at all that are active."""

import sqlalchemy as sa
from alembic import op

revision = "r0023"
down_revision = "r0022"
branch_labels = None
depends_on = None

_TO_PROVISION = sa.text("wanted AND is_verified AND NOT provision_begun AND NOT is_draft")


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column(
        "trunks", sa.Column("provision_begun", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.execute(
        "UPDATE trunks SET provision_begun = true"
        " WHERE EXISTS (SELECT 1 FROM provisions p WHERE p.trunk_id = trunks.id)"
    )
    op.create_index(
        "ix_trunks_to_provision",
        "trunks",
        ["id"],
        postgresql_where=_TO_PROVISION,
        sqlite_where=_TO_PROVISION,
    )
