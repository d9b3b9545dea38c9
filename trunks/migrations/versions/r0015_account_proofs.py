"""Where each trunk's account was proven; which environments' accounts ask for others, too."""

import sqlalchemy as sa
from alembic import op

revision = "r0015"
down_revision = "r0014"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "account_proofs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("trunk_id", sa.Uuid(), nullable=False),
        sa.Column("destination_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer()),
        sa.Column("username", sa.String(255)),
        sa.Column("proven_at", _MOMENT),
        sa.Column("refused_at", _MOMENT),
        sa.Column("tried_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_account_proofs"),
        sa.UniqueConstraint("trunk_id", "destination_id", name="uq_account_proofs_trunk_id"),
        sa.ForeignKeyConstraint(
            ["trunk_id"], ["trunks.id"], name="fk_account_proofs_trunk_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["destination_id"],
            ["destinations.id"],
            name="fk_account_proofs_destination_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_account_proofs_destination_id_proven_at", "account_proofs", ["destination_id", "proven_at"]
    )
    op.add_column(
        "environments", sa.Column("shares_asking", sa.Boolean(), nullable=False, server_default=sa.true())
    )
