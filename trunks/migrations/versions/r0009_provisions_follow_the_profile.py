"""What the sides of a trunk are to be is worked out from its profile alone, which provisions had copies of."""

from alembic import op

revision = "r0009"
down_revision = "r0008"
branch_labels = None
depends_on = None

_COPIES = ("wanted", "authorization", "allowed_addresses", "inbound_enabled", "fixed_egress", "own_numbers")


def upgrade() -> None:
    """Bring the schema forward."""
    # Nothing was ever asked for these, whose trunks have the same in their profiles. One whose trunk is gone stays:
    # its sides are still to be taken away.
    op.execute(
        "DELETE FROM provisions WHERE NOT wanted AND state = 'absent'"
        " AND EXISTS (SELECT 1 FROM trunks WHERE trunks.id = provisions.trunk_id)"
    )
    for column in _COPIES:
        op.drop_column("provisions", column)
