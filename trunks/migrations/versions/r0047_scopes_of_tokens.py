"""What a token opens, and tokens of no environment; those that there are open all of theirs."""

import sqlalchemy as sa
from alembic import op

revision = "r0047"
down_revision = "r0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward. SQLite makes the table anew, and who is signed in at the console signs in again."""
    with op.batch_alter_table("api_tokens") as tokens:
        tokens.add_column(sa.Column("scope", sa.String(64), nullable=False, server_default="full"))
        tokens.alter_column("environment_id", existing_type=sa.Uuid(), nullable=True)
