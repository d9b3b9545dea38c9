"""What lists show of a report stands in columns: the last run of each trunk has them from its report."""

import sqlalchemy as sa
from alembic import op

revision = "r0012"
down_revision = "r0011"
branch_labels = None
depends_on = None

_LAST_DONE = (
    "SELECT (SELECT run.id FROM verifications AS run WHERE run.trunk_id = trunks.id AND run.status = 'done'"
    " ORDER BY run.id DESC LIMIT 1) FROM trunks"
)


def upgrade() -> None:
    """Bring the schema forward."""
    for column in ("summary", "advice"):
        op.add_column("verifications", sa.Column(column, sa.String(1000)))
    sqlite = op.get_bind().dialect.name == "sqlite"
    texts = (
        f"{column} = substr({_text_of(column, sqlite=sqlite)}, 1, 1000)" for column in ("summary", "advice")
    )
    # Of all that are done: the others would rewrite a large table for what nobody lists.
    op.execute(
        f"UPDATE verifications SET {', '.join(texts)} WHERE id IN ({_LAST_DONE})"  # noqa: S608 - all ours
    )


def _text_of(column: str, *, sqlite: bool) -> str:
    # PostgreSQL reads no text that has a zero, and SQLite ends it there.
    escaped_zero = "\\u0000"
    if sqlite:
        return f"json_extract(replace(report, '{escaped_zero}', ''), '$.{column}')"
    return f"(replace(report::text, '{escaped_zero}', '')::json ->> '{column}')"
