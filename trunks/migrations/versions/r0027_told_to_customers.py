"""What events tell of failed provisioning is the customer's to read: what named the infrastructure goes."""

import re

import sqlalchemy as sa
from alembic import op

revision = "r0027"
down_revision = "r0026"
branch_labels = None
depends_on = None

_FIELD = "provisioning_error"
_TOLD = "Provisioning failed; whoever runs this platform finds it in the log."
# Addresses, ids of trunks, and the names of what stands behind.
_INTERNAL = re.compile(r"://|ST_|LiveKit|inbound trunk|TRUNKS_")

_flips = sa.table(
    "flips", sa.column("id", sa.Uuid()), sa.column("cause", sa.String()), sa.column("changes", sa.JSON())
)
_provisions = sa.table("provisions", sa.column("id", sa.Uuid()), sa.column("error", sa.String()))


def upgrade() -> None:
    """Bring the schema forward."""
    store = op.get_bind()
    provisions = sa.select(_provisions.c.id, _provisions.c.error).where(_provisions.c.error.is_not(None))
    for row in store.execute(provisions).all():
        if _INTERNAL.search(row.error):
            store.execute(sa.update(_provisions).where(_provisions.c.id == row.id).values(error=_TOLD))
    flips = sa.select(_flips.c.id, _flips.c.changes).where(_flips.c.cause == "provisioning")
    for row in store.execute(flips).all():
        told = [_told(text) for text in row.changes.get(_FIELD, ())]
        if told != row.changes.get(_FIELD, []):
            changes = {**row.changes, _FIELD: told}
            store.execute(sa.update(_flips).where(_flips.c.id == row.id).values(changes=changes))


def _told(text: str | None) -> str | None:
    return _TOLD if text is not None and _INTERNAL.search(text) else text
