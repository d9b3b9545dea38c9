"""Thirty days of counted checks for every destination of a store: days for all, and hours for some."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update

from benchmarks.service.rows import Row, Rows
from trunks.ids import new_id
from trunks.installation.installation import Installation
from trunks.models.base import Base
from trunks.models.destination import Destination
from trunks.models.health_rollup import DailyRollup, HealthRollup
from trunks.models.trunk import Gateway
from trunks.repositories.health_rollups import BUCKET_COLUMNS

DAYS = 30
_CHECKS_AN_HOUR = 60
_CHUNK_ROWS = 50_000
_HOURS, _DAYS = (Base.metadata.tables[model.__tablename__] for model in (HealthRollup, DailyRollup))


def seed_rollups(installation: Installation, until: datetime, *, by_the_hour: Collection[UUID]) -> None:
    """Count a check a minute before `until`: as hours for these trunks' destinations, as days for all others."""
    since = until - timedelta(days=DAYS)
    with installation.database.write() as session:
        session.execute(update(Gateway).values(led_since=since))
        every = list(session.scalars(select(Destination.id)))
        asked = set(
            session.scalars(select(Gateway.destination_id).where(Gateway.trunk_id.in_(list(by_the_hour))))
        )
    with installation.database.engine.begin() as connection:
        rows = Rows(connection)
        others = [each for each in every if each not in asked]
        for table, ids, column, count in ((_HOURS, asked, "hour", DAYS * 24), (_DAYS, others, "day", DAYS)):
            length = timedelta(days=DAYS) / count
            counted = (
                _row(rows, each, {column: rows.stored_moment(since + number * length)}, length)
                for each in ids
                for number in range(count)
            )
            for chunk in _chunks(counted):
                rows.insert(table, chunk)
        connection.execute(text("ANALYZE"))


def _row(rows: Rows, destination_id: UUID, began: dict[str, Any], length: timedelta) -> Row:
    checks = int(length / timedelta(hours=1)) * _CHECKS_AN_HOUR
    return {
        "id": rows.stored(new_id()),
        "destination_id": rows.stored(destination_id),
        "edge": "192.0.2.1:5060/udp",
        "of_destination": True,
        "checks": checks,
        "failures": 1,
        "latency_sum_ms": 20.0 * (checks - 1),
        "latency_max_ms": 90.0,
        **dict.fromkeys(BUCKET_COLUMNS, 0),
        "latency_05": checks - 1,
        **began,
    }


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    left = iter(rows)
    while chunk := list(islice(left, _CHUNK_ROWS)):
        yield chunk
