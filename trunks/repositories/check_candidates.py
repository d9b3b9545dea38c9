"""Destinations whose check is due or asked for: found, looked at, and taken for their next cycle."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Integer, Select, Text, bindparam, cast, exists, select, text, update
from sqlalchemy.sql.elements import ColumnElement

from sipcheck.target import TransportName
from trunks.models.base import UtcDateTime
from trunks.models.destination import Destination
from trunks.models.destination_health import DestinationHealth
from trunks.models.trunk import Gateway, Trunk
from trunks.repositories.among import among, composed
from trunks.repositories.liveness import LivenessRows, health_has_begun

_TABLE = DestinationHealth.__table__
_DESTINATIONS = Destination.__table__
_CLAIM_LOCK = 7_204_118_224  # any number of ours, for PostgreSQL's advisory locks

_NOW = bindparam("now", type_=UtcDateTime())
_ANY_ASKED = select(exists().where(DestinationHealth.asked_at.is_not(None), DestinationHealth.is_free(_NOW)))
_ANY_DUE = select(exists().where(DestinationHealth.next_check_at <= _NOW, DestinationHealth.is_free(_NOW)))


class DueRow(NamedTuple):
    """A destination's row as a claim looks at it, by the names of its columns: read for thousands, and a row of the
    store's own looks each name up. `good_text` is `good` as it is stored. `inhabited` says whether a trunk leads there.
    """

    destination_id: UUID
    domain: str
    port: int | None
    transport: TransportName | None
    outbound_proxy: str | None
    interval_seconds: float
    next_check_at: Any  # a moment, but of some that are asked for
    due_since: datetime | None
    edge_addresses: str | None
    address: str | None
    asked_at: datetime | None
    cycle: int
    claimed_at: datetime | None
    lease_until: datetime | None
    checked_at: datetime | None
    options_ignored: bool
    answer_status: int | None
    answer_server: str | None
    changed_at: datetime | None
    failures: int
    held_failures: int
    fell_at: datetime | None
    edge_fell_at: datetime | None
    edge_held_failures: int
    answered_at: datetime | None
    facts_at: datetime | None
    latency_ms: float | None
    good_text: str | None
    inhabited: bool


def _is_inhabited(*, begun: bool) -> ColumnElement[bool]:
    inhabitants = (
        select(Gateway.id)
        .join(Trunk, Trunk.id == Gateway.trunk_id)
        .where(
            Gateway.destination_id == DestinationHealth.destination_id,
            health_has_begun() if begun else Trunk.is_draft.is_(False),
        )
    )
    return exists(inhabitants.correlate(DestinationHealth))


def _column(name: str, *, begun: bool) -> ColumnElement[Any]:
    if name == "inhabited":
        return _is_inhabited(begun=begun)
    if name == "good_text":
        return cast(_TABLE.c.good, Text)
    of_destination = ("port", "transport", "outbound_proxy")
    return (_DESTINATIONS if name in of_destination else _TABLE).c[name]


def _candidates(wanted: ColumnElement[bool], *, begun: bool) -> Select[*tuple[Any, ...]]:
    query: Select[*tuple[Any, ...]] = (
        select(*(_column(name, begun=begun) for name in DueRow._fields))
        .join(_DESTINATIONS, _DESTINATIONS.c.id == _TABLE.c.destination_id)
        .where(wanted, DestinationHealth.is_free(bindparam("now", type_=UtcDateTime())))
        .order_by(_TABLE.c.next_check_at)
        .limit(bindparam("most", type_=Integer()))
        .with_for_update(skip_locked=True, of=_TABLE)
    )
    return query


# Composed once: every claim asks both, and takes what it found.
_ASKED = _candidates(_TABLE.c.asked_at.is_not(None), begun=False)
_DUE = _candidates(
    (_TABLE.c.next_check_at <= bindparam("now", type_=UtcDateTime())) & _TABLE.c.asked_at.is_(None),
    begun=True,
)
_CLAIM = composed(
    lambda among: (
        update(_TABLE)
        .where(among(_TABLE.c.destination_id))
        .values(
            cycle=_TABLE.c.cycle + 1,
            claim_id=bindparam("new_claim_id"),
            claimed_at=bindparam("new_claimed_at"),
            lease_until=bindparam("new_lease_until"),
        )
    )
)


class CheckCandidates(LivenessRows):
    def alone(self) -> None:
        """Let no other process claim until this transaction ends: two could else ask one host at once."""
        if self._is_postgresql:
            self._session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CLAIM_LOCK})

    def any_due(self, now: datetime) -> bool:
        # Two questions, each with an index of its own: SQLite looks through the table for one with "or" in it.
        return self._is_so(_ANY_ASKED, now=now) or self._is_so(_ANY_DUE, now=now)

    def asked(self, now: datetime, *, limit: int) -> Sequence[DueRow]:
        """List those that somebody asked for, locked; whether a trunk leads there is `inhabited`."""
        return self._candidates(_ASKED, now, limit)

    def due(self, now: datetime, *, limit: int) -> Sequence[DueRow]:
        """List those that are due and that nobody has, the longest overdue first, locked.

        Whether a trunk leads there that takes part in health checks is `inhabited`; one that began to at this moment
        is not seen.
        """
        return self._candidates(_DUE, now, limit)

    def with_trunks(self, destination_ids: Collection[UUID], *, begun: bool) -> set[UUID]:
        """Which of these have a trunk, or one that takes part in health checks."""
        if not destination_ids:
            return set()
        found = select(DestinationHealth.destination_id).where(
            among(self._session, DestinationHealth.destination_id, destination_ids),
            _is_inhabited(begun=begun),
        )
        return set(self._session.scalars(found))

    def intervals_asked(self, destination_ids: Collection[UUID]) -> dict[UUID, list[float | None]]:
        """The intervals that the trunks of each destination ask for, each once; None is the setting's."""
        asked: dict[UUID, list[float | None]] = {}
        rows = self._session.execute(
            select(Gateway.destination_id, Trunk.health_interval_seconds)
            .join(Trunk, Trunk.id == Gateway.trunk_id)
            .where(among(self._session, Gateway.destination_id, destination_ids), health_has_begun())
            .distinct()
        )
        for destination_id, seconds in rows:
            asked.setdefault(destination_id, []).append(seconds)
        return asked

    def _candidates(self, statement: Select[*tuple[Any, ...]], now: datetime, limit: int) -> Sequence[DueRow]:
        found = self._session.connection().execute(statement, {"now": now, "most": limit})
        return list(map(DueRow._make, found))

    def claim(
        self, destination_ids: Collection[UUID], *, claim_id: UUID, now: datetime, lease_until: datetime
    ) -> None:
        """Take destinations, which are locked, for their next cycle."""
        if destination_ids:
            taken = {"new_claim_id": claim_id, "new_claimed_at": now, "new_lease_until": lease_until}
            self._session.connection().execute(_CLAIM(self._session), {"ids": list(destination_ids), **taken})
