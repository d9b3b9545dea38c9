"""Requests that may come twice, and the runs by when they were finished."""

import sqlalchemy as sa
from alembic import op

revision = "r0004"
down_revision = "r0003"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_DONE = sa.text("status = 'done'")


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "idempotent_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("lease_until", _MOMENT, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("headers", sa.JSON()),
        sa.Column("body", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name="pk_idempotent_requests"),
        sa.UniqueConstraint("name", name="uq_idempotent_requests_name"),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
            name="fk_idempotent_requests_environment_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_idempotent_requests_environment_id", "idempotent_requests", ["environment_id"])
    op.create_index("ix_idempotent_requests_created_at", "idempotent_requests", ["created_at"])
    op.create_index(
        "ix_verifications_finished_at",
        "verifications",
        ["finished_at"],
        postgresql_where=_DONE,
        sqlite_where=_DONE,
    )
