"""What a trunk is beside where it leads, as the dialects say it; and numbers for those that know no UUIDs."""

import sqlalchemy as sa
from alembic import op

revision = "r0007"
down_revision = "r0006"
branch_labels = None
depends_on = None

# SQLite gives out rising numbers for this type alone.
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "trunk_serials",
        sa.Column("serial", _SERIAL, nullable=False, autoincrement=True),
        sa.Column("trunk_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("serial", name="pk_trunk_serials"),
        sa.UniqueConstraint("trunk_id", name="uq_trunk_serials_trunk_id"),
        sa.ForeignKeyConstraint(
            ["trunk_id"], ["trunks.id"], name="fk_trunk_serials_trunk_id", ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )
    op.execute("INSERT INTO trunk_serials (trunk_id) SELECT id FROM trunks ORDER BY id")
    op.create_table(
        "trunk_profiles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("trunk_id", sa.Uuid(), nullable=False),
        sa.Column("nickname", sa.String(255)),
        sa.Column("extension", sa.String(64)),
        sa.Column("calling_format", sa.String(64), nullable=False),
        sa.Column("authorization", sa.String(64), nullable=False),
        sa.Column("allowed_addresses", sa.JSON(), nullable=False),
        sa.Column("country_code", sa.String(2)),
        sa.Column("fixed_egress", sa.Boolean(), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("media_encryption", sa.String(64), nullable=False),
        sa.Column("media_encryption_optimistic", sa.Boolean(), nullable=False),
        sa.Column("allow", sa.String(255), nullable=False),
        sa.Column("disallow", sa.String(255), nullable=False),
        sa.Column("inbound_enabled", sa.Boolean(), nullable=False),
        sa.Column("direct_media", sa.Boolean(), nullable=False),
        sa.Column("rtp_symmetric", sa.Boolean(), nullable=False),
        sa.Column("force_rport", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_trunk_profiles"),
        sa.UniqueConstraint("trunk_id", name="uq_trunk_profiles_trunk_id"),
        sa.ForeignKeyConstraint(
            ["trunk_id"], ["trunks.id"], name="fk_trunk_profiles_trunk_id", ondelete="CASCADE"
        ),
    )
