"""When destinations are asked, and what came of it; rows are locked after those of trunks, in order of their ids."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Row, Select, Table, case, exists, func, or_, select, text, update
from sqlalchemy.orm import undefer
from sqlalchemy.sql.elements import ColumnElement

from trunks.models.destination import Destination
from trunks.models.destination_health import DestinationHealth
from trunks.models.trunk import Gateway, Trunk
from trunks.repositories.among import among
from trunks.repositories.insert_or import insert_or_update
from trunks.repositories.many_rows import change_rows
from trunks.repositories.repository import Repository
from trunks.repositories.value_rows import Values

Found = Row[*tuple[Any, ...]]

_TABLE: Table = DestinationHealth.__table__  # type: ignore[assignment]
_CLAIM_LOCK = 7_204_118_224  # any number of ours, for PostgreSQL's advisory locks

_CLAIMED_COLUMNS = (
    DestinationHealth.destination_id,
    DestinationHealth.domain,
    Destination.port,
    Destination.transport,
    Destination.outbound_proxy,
    DestinationHealth.interval_seconds,
    DestinationHealth.next_check_at,
    DestinationHealth.due_since,
    DestinationHealth.edge_addresses,
    DestinationHealth.address,
    DestinationHealth.asked_at,
    DestinationHealth.cycle,
    DestinationHealth.claimed_at,
    DestinationHealth.lease_until,
    DestinationHealth.checked_at,
    DestinationHealth.options_ignored,
    DestinationHealth.answer_status,
    DestinationHealth.answer_server,
    DestinationHealth.changed_at,
    DestinationHealth.failures,
    DestinationHealth.held_failures,
    DestinationHealth.fell_at,
    DestinationHealth.edge_fell_at,
    DestinationHealth.edge_held_failures,
    DestinationHealth.answered_at,
    DestinationHealth.facts_at,
    DestinationHealth.latency_ms,
    DestinationHealth.good,
)


class CycleClaim(Protocol):
    """A claim of a destination for one cycle of checks."""

    @property
    def destination_id(self) -> UUID: ...
    @property
    def claim_id(self) -> UUID: ...
    @property
    def cycle(self) -> int: ...


def health_has_begun() -> ColumnElement[bool]:
    """Whether a trunk takes part in health checks: alive once as it is configured, and not without an interval."""
    wants = or_(Trunk.health_interval_seconds.is_(None), Trunk.health_interval_seconds > 0)
    return (Trunk.living_generation == Trunk.generation) & Trunk.is_draft.is_(False) & wants


class LivenessRows(Repository):
    def alone(self) -> None:
        """Let no other process claim until this transaction ends: two could else ask one host at once."""
        if self._is_postgresql:
            self._session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CLAIM_LOCK})

    def any_due(self, now: datetime) -> bool:
        # Two questions, each with an index of its own: SQLite looks through the table for one with "or" in it.
        is_free = DestinationHealth.is_free(now)
        return self._exists(DestinationHealth.asked_at.is_not(None), is_free) or self._exists(
            DestinationHealth.next_check_at <= now, is_free
        )

    def asked(self, now: datetime, *, limit: int) -> Sequence[Found]:
        """List those that somebody asked for, locked."""
        wanted = DestinationHealth.asked_at.is_not(None)
        return self._candidates(wanted, now, limit)

    def due(self, now: datetime, *, limit: int) -> Sequence[Found]:
        """List those that are due and that nobody has, the longest overdue first, locked."""
        wanted = (DestinationHealth.next_check_at <= now) & DestinationHealth.asked_at.is_(None)
        return self._candidates(wanted, now, limit)

    def _candidates(self, wanted: ColumnElement[bool], now: datetime, limit: int) -> Sequence[Found]:
        query: Select[*tuple[Any, ...]] = (
            select(*_CLAIMED_COLUMNS)
            .join(Destination, Destination.id == DestinationHealth.destination_id)
            .where(wanted, DestinationHealth.is_free(now))
            .order_by(DestinationHealth.next_check_at)
            .limit(limit)
            .with_for_update(skip_locked=True, of=DestinationHealth)
        )
        return self._session.execute(query).all()

    def with_trunks(self, destination_ids: Collection[UUID], *, begun: bool) -> set[UUID]:
        """Which of these have a trunk, or one that takes part in health checks."""
        if not destination_ids:
            return set()
        inhabitants = (
            select(Gateway.id)
            .join(Trunk, Trunk.id == Gateway.trunk_id)
            .where(
                Gateway.destination_id == DestinationHealth.destination_id,
                health_has_begun() if begun else Trunk.is_draft.is_(False),
            )
        )
        found = select(DestinationHealth.destination_id).where(
            self._among(destination_ids), exists(inhabitants.correlate(DestinationHealth))
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

    def change(self, changes: Iterable[Mapping[str, Any]]) -> None:
        """Change rows by `destination_id`; those that name the same columns by one statement."""
        alike: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
        for change in changes:
            alike[tuple(change)].append(change)
        for rows in alike.values():
            change_rows(self._session, _TABLE, rows, key="destination_id")

    def claimed(self, claims: Iterable[CycleClaim]) -> set[UUID]:
        """The destinations of those claims that nobody else has since, locked."""
        cycles = {claim.destination_id: (claim.claim_id, claim.cycle) for claim in claims}
        rows = self._session.execute(
            select(DestinationHealth.destination_id, DestinationHealth.claim_id, DestinationHealth.cycle)
            .where(self._among(cycles))
            .order_by(DestinationHealth.destination_id)
            .with_for_update()
        )
        return {each for each, claim_id, cycle in rows if cycles[each] == (claim_id, cycle)}

    def lock(self, destination_ids: Collection[UUID]) -> None:
        """Keep every other writer off these, in the order in which all lock them."""
        self._session.execute(
            select(DestinationHealth.destination_id)
            .where(self._among(destination_ids))
            .order_by(DestinationHealth.destination_id)
            .with_for_update()
        ).all()

    def begin(self, firsts: Mapping[UUID, tuple[float, datetime]]) -> None:
        """Schedule destinations that were not, or shorten the intervals of those that were: each with its interval in
        seconds, and its first check. No check comes later by it.
        """
        row = _TABLE.c
        self._insert(
            {
                destination_id: {"interval_seconds": interval_seconds, "next_check_at": first_at}
                for destination_id, (interval_seconds, first_at) in firsts.items()
            },
            lambda new: {
                column: case((row[column] <= new[column], row[column]), else_=new[column])
                for column in ("interval_seconds", "next_check_at")
            },
        )

    def ask(self, destination_ids: Collection[UUID], *, interval_seconds: float, now: datetime) -> None:
        """Mark that somebody waits for the next result of each; their schedules stay as they are."""
        self._insert(
            {each: {"interval_seconds": interval_seconds, "asked_at": now} for each in destination_ids},
            lambda new: {"asked_at": func.coalesce(_TABLE.c.asked_at, new.asked_at)},
        )

    def _insert(self, given: Mapping[UUID, Values], changed: Callable[[Any], Values]) -> None:
        domains = self._session.execute(
            select(Destination.id, Destination.domain)
            .where(among(self._session, Destination.id, given))
            .order_by(Destination.id)
        )
        rows = [
            {
                "destination_id": destination_id,
                "domain": domain,
                "cycle": 0,
                "some_dead": False,
                "options_ignored": False,
                "failures": 0,
                "held_failures": 0,
                "edge_held_failures": 0,
                **given[destination_id],
            }
            for destination_id, domain in domains
        ]
        if rows:
            insert_or_update(
                self._session, DestinationHealth, *rows, unique=["destination_id"], changed=changed
            )

    def no_later_than(self, destination_ids: Collection[UUID], moment: datetime) -> None:
        """Bring the next checks of scheduled destinations forward."""
        self._session.execute(
            update(_TABLE)
            .where(self._among(destination_ids), DestinationHealth.next_check_at > moment)
            .values(next_check_at=moment)
        )

    def of(self, destination_id: UUID) -> DestinationHealth | None:
        return self._session.scalar(
            select(DestinationHealth).where(DestinationHealth.destination_id == destination_id)
        )

    def with_first_failure(self, destination_id: UUID) -> DestinationHealth | None:
        """The same with what was otherwise when it fell last."""
        return self._session.scalar(
            select(DestinationHealth)
            .where(DestinationHealth.destination_id == destination_id)
            .options(undefer(DestinationHealth.first_failure))
            # It may be known here without that.
            .execution_options(populate_existing=True)
        )

    def all_of(self, destination_ids: Collection[UUID]) -> dict[UUID, DestinationHealth]:
        rows = self._session.scalars(select(DestinationHealth).where(self._among(destination_ids)))
        return {row.destination_id: row for row in rows}

    def checked_at(self, destination_ids: Collection[UUID]) -> dict[UUID, datetime]:
        """When each of these was checked last."""
        rows = self._session.execute(
            select(DestinationHealth.destination_id, DestinationHealth.checked_at).where(
                self._among(destination_ids), DestinationHealth.checked_at.is_not(None)
            )
        )
        return {each: checked_at for each, checked_at in rows if checked_at is not None}

    def held_among(self, destination_ids: Collection[UUID]) -> set[UUID]:
        """Which of these have a failure, or one of an edge in use, that the breaker holds back now."""
        if not destination_ids:
            return set()
        is_held = or_(DestinationHealth.held_failures > 0, DestinationHealth.edge_held_failures > 0)
        return set(
            self._session.scalars(
                select(DestinationHealth.destination_id).where(self._among(destination_ids), is_held)
            )
        )

    def unasked(self, destination_ids: Collection[UUID]) -> set[UUID]:
        """Which of these nobody asks for now: their results have come, or were given up."""
        return set(
            self._session.scalars(
                select(DestinationHealth.destination_id).where(
                    self._among(destination_ids), DestinationHealth.asked_at.is_(None)
                )
            )
        )

    def _among(self, destination_ids: Iterable[UUID]) -> ColumnElement[bool]:
        return among(self._session, DestinationHealth.destination_id, list(destination_ids))
