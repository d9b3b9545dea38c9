"""In which form calls to a carrier's edges were proven, and what was found of the ways to it."""

import sqlalchemy as sa
from alembic import op

revision = "r0031"
down_revision = "r0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "form_proofs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("destination_id", sa.Uuid(), nullable=False),
        sa.Column("edge", sa.String(80), nullable=False),
        sa.Column("form", sa.String(64), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ask_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("holds", sa.Boolean()),
        sa.Column("doubts", sa.Integer(), nullable=False),
        sa.Column("said", sa.String(200)),
        sa.PrimaryKeyConstraint("id", name="pk_form_proofs"),
        sa.UniqueConstraint("destination_id", "edge", "form", name="uq_form_proofs_destination_id_edge_form"),
        sa.ForeignKeyConstraint(
            ["destination_id"],
            ["destinations.id"],
            name="fk_form_proofs_destination_id",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "way_findings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("destination_id", sa.Uuid(), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stale_since", sa.DateTime(timezone=True)),
        sa.Column("claim_id", sa.Uuid()),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_way_findings"),
        sa.UniqueConstraint("destination_id", name="uq_way_findings_destination_id"),
        sa.ForeignKeyConstraint(
            ["destination_id"],
            ["destinations.id"],
            name="fk_way_findings_destination_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_way_findings_stale_since",
        "way_findings",
        ["stale_since"],
        postgresql_where=sa.text("stale_since IS NOT NULL"),
        sqlite_where=sa.text("stale_since IS NOT NULL"),
    )
    op.create_index("ix_outbound_ways_destination_id", "outbound_ways", ["destination_id", "trunk_id"])
