"""What exists on the voice infrastructure, and whose mark it carries."""

import sqlalchemy as sa
from alembic import op

revision = "r0006"
down_revision = "r0005"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_QUEUED = sa.text("status = 'queued'")
_RUNNING = sa.text("status = 'running'")


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "infrastructures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provisioner", sa.String(64), nullable=False),
        sa.Column("held_by", sa.Uuid()),
        sa.Column("held_until", _MOMENT),
        sa.Column("reconciled_at", _MOMENT),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_infrastructures"),
        sa.UniqueConstraint("provisioner", name="uq_infrastructures_provisioner"),
    )
    op.create_table(
        "provisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("trunk_id", sa.Uuid(), nullable=False),
        sa.Column("provisioner", sa.String(64), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("authorization", sa.String(64), nullable=False),
        sa.Column("allowed_addresses", sa.JSON(), nullable=False),
        sa.Column("inbound_enabled", sa.Boolean(), nullable=False),
        sa.Column("fixed_egress", sa.Boolean(), nullable=False),
        sa.Column("own_numbers", sa.JSON()),
        sa.Column("status", sa.String(64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("requested_at", _MOMENT, nullable=False),
        sa.Column("ring_at", _MOMENT, nullable=False),
        sa.Column("claim_id", sa.Uuid()),
        sa.Column("lease_until", _MOMENT),
        sa.Column("finished_at", _MOMENT),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("generation", sa.Integer()),
        sa.Column("inbound_id", sa.String(255)),
        sa.Column("outbound_id", sa.String(255)),
        sa.Column("cause", sa.String(64)),
        sa.Column("error", sa.String(2000)),
        sa.PrimaryKeyConstraint("id", name="pk_provisions"),
        sa.UniqueConstraint("trunk_id", name="uq_provisions_trunk_id"),
    )
    op.create_index(
        "ix_provisions_ring_at", "provisions", ["ring_at"], postgresql_where=_QUEUED, sqlite_where=_QUEUED
    )
    op.create_index(
        "ix_provisions_lease_until",
        "provisions",
        ["lease_until"],
        postgresql_where=_RUNNING,
        sqlite_where=_RUNNING,
    )
