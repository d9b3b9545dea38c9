"""A lease is the same two columns in every table: `claim_id` until `lease_until`."""

from alembic import op

revision = "r0010"
down_revision = "r0009"
branch_labels = None
depends_on = None

_RENAMED = (
    ("infrastructures", "held_by", "claim_id"),
    ("infrastructures", "held_until", "lease_until"),
    ("credential_freezes", "held_by", "claim_id"),
    ("credential_freezes", "held_until", "lease_until"),
    ("edge_slots", "held_until", "lease_until"),
)


def upgrade() -> None:
    """Bring the schema forward."""
    op.drop_index("ix_credential_freezes_held_by", table_name="credential_freezes")
    for table, old, new in _RENAMED:
        # SQLite renames a column in place; alembic would copy the table for it.
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    op.create_index("ix_credential_freezes_claim_id", "credential_freezes", ["claim_id"])
