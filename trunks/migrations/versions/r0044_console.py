"""Sessions of the console, and trunks by how much they need a person, by an index each."""

import sqlalchemy as sa
from alembic import op

from trunks.models.base import UtcDateTime

revision = "r0044"
down_revision = "r0043"
branch_labels = None
depends_on = None

_FALLEN = "(health_down OR (ever_verified AND NOT is_verified)) AND NOT is_draft"
_NEVER_WORKED = "NOT health_down AND NOT ever_verified AND NOT is_verified AND NOT is_draft"
_DEGRADED = "NOT health_down AND is_verified AND health_status = 'degraded' AND NOT is_draft"
_WELL = "NOT health_down AND is_verified AND health_status <> 'degraded' AND NOT is_draft"


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "console_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_console_sessions"),
        sa.UniqueConstraint("secret_hash", name="uq_console_sessions_secret_hash"),
        sa.ForeignKeyConstraint(
            ["token_id"], ["api_tokens.id"], name="fk_console_sessions_token_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_console_sessions_token_id", "console_sessions", ["token_id"])
    op.create_index("ix_console_sessions_expires_at", "console_sessions", ["expires_at"])
    for name, where in (
        ("fallen", _FALLEN),
        ("never_worked", _NEVER_WORKED),
        ("degraded", _DEGRADED),
        ("well", _WELL),
    ):
        op.create_index(
            f"ix_trunks_{name}",
            "trunks",
            ["environment_id", "id"],
            postgresql_where=sa.text(where),
            sqlite_where=sa.text(where),
        )
    op.create_index("ix_trunks_name", "trunks", ["environment_id", "name", "id"])
