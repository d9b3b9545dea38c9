"""From when on a tenant was told of an incident, and until when it concerned him: no longer when others were."""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "r0058"
down_revision = "r0057"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
# As trunks.rules.incidents has them: a tenant is told of realms by three of his own proofs, or where five tenants are.
_FEWEST_PROOFS, _FEWEST_ENVIRONMENTS = 3, 5


def upgrade() -> None:
    """Bring the schema forward; who was told so far is read from whose trunks were concerned."""
    parts = op.create_table(
        "incident_tenants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("closed_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_incident_tenants"),
        sa.UniqueConstraint("incident_id", "environment_id", name="uq_incident_tenants_incident_id"),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name="fk_incident_tenants_incident_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_incident_tenants_environment_id", "incident_tenants", ["environment_id"])
    op.create_index(
        "ix_incident_tenants_open",
        "incident_tenants",
        ["incident_id"],
        postgresql_where=sa.text("closed_at IS NULL"),
        sqlite_where=sa.text("closed_at IS NULL"),
    )
    told = _told()
    if told:
        op.bulk_insert(parts, told)


def _told() -> list[dict[str, object]]:
    trunks = sa.table(
        "incident_trunks",
        sa.column("incident_id", sa.Uuid()),
        sa.column("environment_id", sa.Uuid()),
        sa.column("fell_at", _MOMENT),
        sa.column("ended_at", _MOMENT),
    )
    incidents = sa.table("incidents", sa.column("id", sa.Uuid()), sa.column("kind", sa.String()))
    tenants = (
        sa.select(trunks.c.incident_id, sa.func.count(sa.distinct(trunks.c.environment_id)).label("tenants"))
        .group_by(trunks.c.incident_id)
        .subquery()
    )
    count = sa.func.count()
    rows = op.get_bind().execute(
        sa.select(
            trunks.c.incident_id,
            trunks.c.environment_id,
            sa.func.min(trunks.c.fell_at),
            # One that stands for a trunk has no end.
            sa.case((sa.func.count(trunks.c.ended_at) == count, sa.func.max(trunks.c.ended_at))),
        )
        .join(incidents, incidents.c.id == trunks.c.incident_id)
        .join(tenants, tenants.c.incident_id == trunks.c.incident_id)
        .group_by(trunks.c.incident_id, trunks.c.environment_id, incidents.c.kind, tenants.c.tenants)
        .having(
            sa.or_(
                incidents.c.kind != "realm",
                count >= _FEWEST_PROOFS,
                tenants.c.tenants >= _FEWEST_ENVIRONMENTS,
            )
        )
    )
    names = ("incident_id", "environment_id", "opened_at", "closed_at")
    return [{"id": uuid4(), **dict(zip(names, row, strict=True))} for row in rows]
