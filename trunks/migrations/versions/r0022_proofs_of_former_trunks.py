"""What was proven before proofs were kept counts as proven: else every carrier would be asked by nobody for a day."""

from alembic import op

revision = "r0022"
down_revision = "r0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    # Which of several gateways proved it nobody knows; a trunk's only one lends the row its id.
    op.execute(
        "INSERT INTO account_proofs (id, trunk_id, destination_id, generation, username, proven_at, tried_at)"
        " SELECT t.id, t.id, g.destination_id, t.generation, t.username,"
        " coalesce(t.last_health_check_at, t.updated_at), coalesce(t.last_health_check_at, t.updated_at)"
        " FROM trunks t JOIN gateways g ON g.trunk_id = t.id"
        " WHERE t.credentials = 'proven' AND t.username IS NOT NULL AND t.sealed_password IS NOT NULL"
        " AND NOT t.is_draft"
        " AND NOT EXISTS (SELECT 1 FROM gateways o WHERE o.trunk_id = t.id AND o.id <> g.id)"
        " AND NOT EXISTS (SELECT 1 FROM account_proofs p WHERE p.trunk_id = t.id)"
    )
