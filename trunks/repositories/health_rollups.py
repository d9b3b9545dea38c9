"""Rollups by destination, edge and hour, added to for many at once."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Float,
    Integer,
    String,
    Uuid,
    bindparam,
    case,
    column,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeEngine

from trunks.ids import new_id
from trunks.models.base import UtcDateTime
from trunks.models.health_rollup import HealthRollup, RollupCounts
from trunks.repositories.among import among
from trunks.repositories.array_text import ArrayText
from trunks.repositories.repository import Repository
from trunks.rules.latency_buckets import BUCKETS, bucket_of

BUCKET_COLUMNS = tuple(f"latency_{number:02}" for number in range(BUCKETS))
# What is added up; of `latency_max_ms` the greatest is kept.
SUMMED_COLUMNS = ("checks", "failures", "latency_sum_ms", *BUCKET_COLUMNS)
KEY_COLUMNS = ("destination_id", "edge", "of_destination")


class CountedCheck(NamedTuple):
    """One check of an edge, or of a destination where `edge` is empty; `latency_ms` where it was answered."""

    destination_id: UUID
    edge: str
    of_destination: bool
    alive: bool
    latency_ms: float | None


@dataclass(frozen=True, slots=True)
class EdgeCounts:
    """What an edge's checks came to together; `latencies` are how many of each size there were."""

    edge: str
    checks: int
    failures: int
    latency_sum_ms: float
    latency_max_ms: float
    latencies: tuple[int, ...]


class HealthRollups(Repository):
    def add(self, checks: Iterable[CountedCheck], hour: datetime) -> None:
        """Add checks to their hour, at most one of each destination and edge."""
        counted = list(checks)
        if not counted:
            return
        columns = dict(zip(CountedCheck._fields, map(list, zip(*counted, strict=True)), strict=True))
        columns["latency_bucket"] = [None if ms is None else bucket_of(ms) for ms in columns["latency_ms"]]
        columns["id"] = [new_id() for _ in counted]
        bound: Any = {"new_hour": hour}
        if self._is_postgresql:
            bound |= {f"new_{name}": columns[name] for name in _SENT}
        else:
            names = [f"new_{name}" for name in _SENT]
            rows = zip(*(columns[name] for name in _SENT), strict=True)
            bound = [dict(zip(names, row, strict=True), **bound) for row in rows]
        self._session.connection().execute(_ADD[self._is_postgresql], bound)

    def edges_of(self, destination_ids: Collection[UUID], since: datetime) -> Sequence[EdgeCounts]:
        """Add up the hours of these destinations' edges that began at a moment or later."""
        kept = HealthRollup
        rows = self._session.execute(
            select(
                kept.edge,
                *(func.sum(getattr(kept, name)) for name in SUMMED_COLUMNS),
                func.max(kept.latency_max_ms),
            )
            .where(
                among(self._session, kept.destination_id, destination_ids),
                kept.hour >= since,
                kept.edge != "",
            )
            .group_by(kept.edge)
            .order_by(kept.edge)
        )
        return [
            EdgeCounts(edge, checks, failures, latency_sum_ms, latency_max_ms, tuple(latencies))
            for edge, checks, failures, latency_sum_ms, *latencies, latency_max_ms in rows
        ]


@cache
def added_to(kept: type[RollupCounts]) -> Callable[[Any], dict[str, Any]]:
    """How new counts change those that are kept."""
    return lambda new: {
        **{name: getattr(kept, name) + new[name] for name in SUMMED_COLUMNS},
        "latency_max_ms": case(
            (kept.latency_max_ms >= new.latency_max_ms, kept.latency_max_ms), else_=new.latency_max_ms
        ),
    }


# What is sent of a check; the rest of its row follows from that.
_SENT: dict[str, TypeEngine[Any]] = {
    "id": Uuid(),
    "destination_id": Uuid(),
    "edge": String(),
    "of_destination": Boolean(),
    "alive": Boolean(),
    "latency_ms": Float(),
    "latency_bucket": Integer(),
}


_NONE: ColumnElement[int] = literal_column("0")
_ONE: ColumnElement[int] = literal_column("1")


def _add(*, by_array: bool) -> Any:
    """Composed once, as every settling of checks asks it; PostgreSQL takes many rows as arrays of their columns."""
    if by_array:
        arrays = [bindparam(f"new_{name}", type_=ArrayText(kind)) for name, kind in _SENT.items()]
        new = func.unnest(*arrays).table_valued(*(column(name, kind) for name, kind in _SENT.items()))
        sent = new.render_derived(name="new").c
    else:
        # Named once each: whatever is named in a statement is handed over for each row, and as often.
        alone = select(*(bindparam(f"new_{name}", type_=kind).label(name) for name, kind in _SENT.items()))
        sent = alone.subquery("new").c
    latency_ms = func.coalesce(sent["latency_ms"], _NONE)
    row = {
        "id": sent["id"],
        **{name: sent[name] for name in KEY_COLUMNS},
        "hour": bindparam("new_hour", type_=UtcDateTime()),
        "checks": _ONE,
        "failures": case((sent["alive"], _NONE), else_=_ONE),
        "latency_sum_ms": latency_ms,
        "latency_max_ms": latency_ms,
        **{
            name: case((sent["latency_bucket"] == literal_column(str(number)), _ONE), else_=_NONE)
            for number, name in enumerate(BUCKET_COLUMNS)
        },
    }
    statement: Any = (postgresql if by_array else sqlite).insert(HealthRollup.__table__)
    # SQLite reads ON as that of a join, where no condition stands before it.
    rows = select(*row.values()).where(sent["id"].is_not(None))
    statement = statement.from_select(list(row), rows, include_defaults=False)
    return statement.on_conflict_do_update(
        index_elements=[*KEY_COLUMNS, "hour"], set_=added_to(HealthRollup)(statement.excluded)
    )


_ADD = {by_array: _add(by_array=by_array) for by_array in (False, True)}
