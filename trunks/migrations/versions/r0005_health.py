"""Health: when each destination is asked, what came of it, rollups by the hour, mass falls, proof by trunk."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "r0005"
down_revision = "r0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_SCHEDULED = sa.text("next_check_at IS NOT NULL")
_ASKED = sa.text("asked_at IS NOT NULL")
_FALLEN = sa.text("fell_at IS NOT NULL")
_PROVEN = sa.text("next_proof_at IS NOT NULL")


def upgrade() -> None:
    """Bring the schema forward."""
    _create_destination_health()
    _create_history()
    _extend_trunks()


def _create_destination_health() -> None:
    op.create_table(
        "destination_health",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("destination_id", sa.Uuid(), nullable=False),
        sa.Column("domain", sa.String(255), nullable=False),
        sa.Column("interval_seconds", sa.Double(), nullable=False),
        sa.Column("next_check_at", _MOMENT),
        sa.Column("asked_at", _MOMENT),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("claim_id", sa.Uuid()),
        sa.Column("claimed_at", _MOMENT),
        sa.Column("lease_until", _MOMENT),
        sa.Column("alive", sa.Boolean()),
        sa.Column("some_dead", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(64)),
        sa.Column("sip_status", sa.Integer()),
        sa.Column("latency_ms", sa.Double()),
        sa.Column("checked_at", _MOMENT),
        sa.Column("options_ignored", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("held_failures", sa.Integer(), nullable=False),
        sa.Column("fell_at", _MOMENT),
        sa.Column("answered_at", _MOMENT),
        sa.Column("address", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_destination_health"),
        sa.UniqueConstraint("destination_id", name="uq_destination_health_destination_id"),
        sa.ForeignKeyConstraint(
            ["destination_id"],
            ["destinations.id"],
            name="fk_destination_health_destination_id",
            ondelete="CASCADE",
        ),
    )
    for column, where in (("next_check_at", _SCHEDULED), ("asked_at", _ASKED), ("fell_at", _FALLEN)):
        op.create_index(
            f"ix_destination_health_{column}",
            "destination_health",
            [column],
            postgresql_where=where,
            sqlite_where=where,
        )
    op.create_index("ix_destination_health_domain_claimed_at", "destination_health", ["domain", "claimed_at"])


def _create_history() -> None:
    op.create_table(
        "health_rollups",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("destination_id", sa.Uuid(), nullable=False),
        sa.Column("hour", _MOMENT, nullable=False),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("latency_sum_ms", sa.Double(), nullable=False),
        sa.Column("latency_max_ms", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_health_rollups"),
        sa.UniqueConstraint("destination_id", "hour", name="uq_health_rollups_destination_id"),
        sa.ForeignKeyConstraint(
            ["destination_id"],
            ["destinations.id"],
            name="fk_health_rollups_destination_id",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "mass_falls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("open_mark", sa.String(16)),
        sa.Column("began_at", _MOMENT, nullable=False),
        sa.Column("fallen", sa.Integer(), nullable=False),
        sa.Column("addresses", sa.Integer(), nullable=False),
        sa.Column("canary_asked_at", _MOMENT),
        sa.Column("canary_alive", sa.Boolean()),
        sa.Column("alarmed_at", _MOMENT),
        sa.Column("released_at", _MOMENT),
        sa.Column("release", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_mass_falls"),
        sa.UniqueConstraint("open_mark", name="uq_mass_falls_open_mark"),
    )


def _extend_trunks() -> None:
    # Added one by one and not in a batch: SQLite would copy the table, and rows that refer to it would go.
    op.add_column("trunks", sa.Column("answered_checks", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("trunks", sa.Column("living_generation", sa.Integer()))
    op.add_column("trunks", sa.Column("health_interval_seconds", sa.Double()))
    op.add_column("trunks", sa.Column("next_proof_at", _MOMENT))
    op.create_index(
        "ix_trunks_next_proof_at",
        "trunks",
        ["next_proof_at"],
        postgresql_where=_PROVEN,
        sqlite_where=_PROVEN,
    )
    op.execute(sa.text("UPDATE trunks SET living_generation = verified_generation"))
    _begin_health()


def _begin_health() -> None:
    """Schedule what has been verified before health checks came; the start spreads it."""
    op.get_bind().execute(
        sa.text(
            "INSERT INTO destination_health (id, destination_id, domain, interval_seconds, next_check_at, cycle,"
            " some_dead, options_ignored, failures, held_failures)"
            " SELECT id, id, domain, 60, :now, 0, false, false, 0, 0 FROM destinations"
            " WHERE EXISTS (SELECT 1 FROM gateways JOIN trunks ON trunks.id = gateways.trunk_id"
            " WHERE gateways.destination_id = destinations.id AND trunks.verified_generation = trunks.generation)"
        ).bindparams(sa.bindparam("now", type_=_MOMENT)),
        {"now": datetime.now(UTC)},
    )
