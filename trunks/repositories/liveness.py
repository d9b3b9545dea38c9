"""When destinations are asked, and what came of it; rows are locked after those of trunks, in order of their ids."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Row, case, func, or_, select, update
from sqlalchemy.orm import undefer
from sqlalchemy.sql.elements import ColumnElement

from trunks.models.destination import Destination
from trunks.models.destination_health import DestinationHealth
from trunks.models.trunk import Trunk
from trunks.repositories.among import among, composed
from trunks.repositories.insert_or import Changed, insert_or_update
from trunks.repositories.many_rows import change_columns, change_rows
from trunks.repositories.repository import Repository
from trunks.repositories.value_rows import Values

Found = Row[*tuple[Any, ...]]

_TABLE = DestinationHealth.__table__
_DESTINATIONS = Destination.__table__


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


_CLAIMED = composed(
    lambda among: (
        select(_TABLE.c.destination_id, _TABLE.c.claim_id, _TABLE.c.cycle)
        .where(among(_TABLE.c.destination_id))
        .order_by(_TABLE.c.destination_id)
        .with_for_update()
    )
)
_SCHEDULED = composed(
    lambda among: (
        select(_TABLE.c.destination_id, _TABLE.c.interval_seconds, _TABLE.c.next_check_at)
        .where(among(_TABLE.c.destination_id))
        .order_by(_TABLE.c.destination_id)
        .with_for_update()
    )
)
_DOMAINS = composed(
    lambda among: (
        select(_DESTINATIONS.c.id, _DESTINATIONS.c.domain)
        .where(among(_DESTINATIONS.c.id))
        .order_by(_DESTINATIONS.c.id)
    )
)


def _no_later(new: Any) -> Values:
    row = _TABLE.c
    return {
        column: case((row[column] <= new[column], row[column]), else_=new[column])
        for column in ("interval_seconds", "next_check_at")
    }


def _asked_since(new: Any) -> Values:
    return {"asked_at": func.coalesce(_TABLE.c.asked_at, new.asked_at)}


class LivenessRows(Repository):
    def change(self, changes: Iterable[Mapping[str, Any]]) -> None:
        """Change rows by `destination_id`; those that name the same columns by one statement."""
        alike: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
        for change in changes:
            alike[tuple(change)].append(change)
        for rows in alike.values():
            change_rows(self._session, _TABLE, rows, key="destination_id")

    def change_together(self, different: Mapping[str, Sequence[Any]], same: Mapping[str, Any]) -> None:
        """The same, given column by column: `destination_id` and what is different, and what is the same for all."""
        change_columns(self._session, _TABLE, different, same, key="destination_id")

    def claimed(self, claims: Iterable[CycleClaim]) -> set[UUID]:
        """The destinations of those claims that nobody else has since, locked."""
        cycles = {claim.destination_id: claim for claim in claims}
        rows = self._connection.execute(_CLAIMED(self._session), {"ids": list(cycles)})
        return {
            each
            for each, claim_id, cycle in rows
            if (claim := cycles[each]).cycle == cycle and claim.claim_id == claim_id
        }

    def scheduled(self, destination_ids: Collection[UUID]) -> dict[UUID, tuple[float, datetime]]:
        """Keep every other writer off these, in the order in which all lock them, and say how each is scheduled: with
        its interval in seconds, and its next check; nothing of those that are not.
        """
        rows = self._connection.execute(_SCHEDULED(self._session), {"ids": list(destination_ids)})
        return {
            each: (interval_seconds, next_at)
            for each, interval_seconds, next_at in rows
            if next_at is not None
        }

    def begin(self, firsts: Mapping[UUID, tuple[float, datetime]]) -> None:
        """Schedule destinations that were not, or shorten the intervals of those that were: each with its interval in
        seconds, and its first check. No check comes later by it.
        """
        self._insert(
            {
                destination_id: {"interval_seconds": interval_seconds, "next_check_at": first_at}
                for destination_id, (interval_seconds, first_at) in firsts.items()
            },
            _no_later,
        )

    def ask(self, destination_ids: Collection[UUID], *, interval_seconds: float, now: datetime) -> None:
        """Mark that somebody waits for the next result of each; their schedules stay as they are."""
        self._insert(
            {each: {"interval_seconds": interval_seconds, "asked_at": now} for each in destination_ids},
            _asked_since,
        )

    def _insert(self, given: Mapping[UUID, Values], changed: Changed) -> None:
        domains = self._connection.execute(_DOMAINS(self._session), {"ids": list(given)})
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
