"""Numbers entered when only digits were compared are known by what they mean, so that nobody enters them again."""

import sqlalchemy as sa
from alembic import op

from trunks.rules.phone_numbers import key_of, meant_by

revision = "r0024"
down_revision = "r0023"
branch_labels = None
depends_on = None

_AT_ONCE = 1000
_NUMBERS = sa.table(
    "phone_numbers",
    sa.column("id", sa.Uuid()),
    sa.column("environment_id", sa.Uuid()),
    sa.column("key", sa.String()),
    sa.column("number", sa.String()),
    sa.column("e164", sa.String()),
)


def upgrade() -> None:
    """Bring the schema forward."""
    ids = _NUMBERS.c.id
    some = sa.select(_NUMBERS).order_by(ids).limit(_AT_ONCE)
    rows = op.get_bind().execute(some).all()
    while rows:
        for row in rows:
            if key_of(row.number) != row.key:
                _know(row)
        rows = op.get_bind().execute(some.where(ids > rows[-1].id)).all()


def _know(row: sa.Row[tuple[object, ...]]) -> None:
    """Write what a number means, unless its environment has that one too: which of the two stays is not ours to say."""
    key, meant = key_of(row.number), meant_by(row.number)
    same = sa.and_(_NUMBERS.c.environment_id == row.environment_id, _NUMBERS.c.key == key)
    if op.get_bind().execute(sa.select(_NUMBERS.c.id).where(same)).first() is None:
        values = {"key": key, "e164": None if meant is None else meant.text}
        op.get_bind().execute(sa.update(_NUMBERS).where(_NUMBERS.c.id == row.id).values(**values))
