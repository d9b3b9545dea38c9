"""A number belongs to one trunk of the installation; of those that several have the oldest keeps it."""

import re
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import sqlalchemy as sa
from alembic import op

from trunks.ids import new_id

revision = "r0034"
down_revision = "r0033"
branch_labels = None
depends_on = None

_AT_ONCE = 1000
_NUMBER = re.compile(r"\+?[0-9\- ()]+")
_SIGNS = str.maketrans("", "", "- ()")

_NUMBERS = sa.table(
    "phone_numbers",
    sa.column("id", sa.Uuid()),
    sa.column("environment_id", sa.Uuid()),
    sa.column("trunk_id", sa.Uuid()),
    sa.column("number", sa.String()),
    sa.column("e164", sa.String()),
    sa.column("created_at", sa.DateTime(timezone=True)),
)
_TRUNKS = sa.table(
    "trunks",
    sa.column("id", sa.Uuid()),
    sa.column("environment_id", sa.Uuid()),
    sa.column("created_at", sa.DateTime(timezone=True)),
)
_PROFILES = sa.table("trunk_profiles", sa.column("trunk_id", sa.Uuid()), sa.column("extension", sa.String()))


def upgrade() -> None:
    """Bring the schema forward."""
    claims = op.create_table(
        "number_claims",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(100), nullable=False),
        sa.Column("line", sa.String(64), nullable=False),
        sa.Column("is_extension", sa.Boolean(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("trunk_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_number_claims"),
        sa.UniqueConstraint("number", name="uq_number_claims_number"),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
            name="fk_number_claims_environment_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["trunk_id"], ["trunks.id"], name="fk_number_claims_trunk_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_number_claims_environment_id", "number_claims", ["environment_id"])
    op.create_index("ix_number_claims_trunk_id", "number_claims", ["trunk_id"])
    op.create_index("ix_phone_numbers_key", "phone_numbers", ["key"])
    # Not in batches: to make a table anew on SQLite would take along what belongs to its rows.
    op.add_column(
        "environments", sa.Column("max_numbers", sa.Integer(), nullable=False, server_default="1000")
    )
    op.add_column(
        "trunks", sa.Column("ever_verified", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    # A flip is kept for a year; a trunk that was verified before that and never since has to say so anew.
    op.execute(
        sa.text(
            "UPDATE trunks SET ever_verified = true WHERE is_verified OR EXISTS (SELECT 1 FROM flips"
            " WHERE flips.trunk_id = trunks.id AND CAST(flips.changes AS VARCHAR) LIKE '%is_verified%')"
        )
    )
    _fill(claims)


def _fill(claims: sa.Table) -> None:
    taken: set[str] = set()
    entered: list[dict[str, Any]] = []
    for row in sorted((*_lines(_NUMBERS), *_extensions()), key=attrgetter("created_at", "id")):
        number = _normalised(row.line)
        if number in taken:
            continue
        taken.add(number)
        entered.append({"id": new_id(), "number": number, **dict(row._mapping)} | {"id": new_id()})
    for start in range(0, len(entered), _AT_ONCE):
        op.bulk_insert(claims, entered[start : start + _AT_ONCE])


def _lines(numbers: sa.TableClause) -> Iterator[Any]:
    line = sa.func.coalesce(numbers.c.e164, numbers.c.number).label("line")
    yield from op.get_bind().execute(
        sa.select(
            numbers.c.id,
            line,
            sa.literal(False).label("is_extension"),
            numbers.c.environment_id,
            numbers.c.trunk_id,
            numbers.c.created_at,
        )
    )


def _extensions() -> Iterator[Any]:
    extension = _PROFILES.c.extension
    yield from op.get_bind().execute(
        sa.select(
            _TRUNKS.c.id,
            extension.label("line"),
            sa.literal(True).label("is_extension"),
            _TRUNKS.c.environment_id,
            _TRUNKS.c.id.label("trunk_id"),
            _TRUNKS.c.created_at,
        )
        .join(_PROFILES, _PROFILES.c.trunk_id == _TRUNKS.c.id)
        .where(extension.is_not(None))
    )


def _normalised(line: str) -> str:
    """As sipcheck.diagnosis.inbound.numbers did at this revision."""
    if not _NUMBER.fullmatch(line):
        return line
    return "+" + line.translate(_SIGNS).removeprefix("+")
