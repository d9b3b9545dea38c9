"""A tenant's trunks in the order in which they need a person: each question goes along one index."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, TextClause, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from trunks.models.destination import Destination
from trunks.models.phone_number import PhoneNumber
from trunks.models.trunk import DEGRADED, FALLEN, NEVER_WORKED, WELL, Gateway, Trunk
from trunks.repositories.repository import Repository
from trunks.rules.attention import Attention
from trunks.rules.phone_numbers import key_of
from trunks.rules.spellings import domain_of, spelled_alike

SPELLED: Mapping[Attention, TextClause] = {
    Attention.FALLEN: FALLEN,
    Attention.NEVER_WORKED: NEVER_WORKED,
    Attention.DEGRADED: DEGRADED,
    Attention.WELL: WELL,
}

# That a statement names one by one.
_FEW = 500


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list goes on: behind this trunk, among those that need a person as much."""

    attention: Attention
    trunk_id: UUID


class NeededTrunks(Repository):
    def page(
        self,
        environment_id: UUID,
        *,
        of: Attention | None,
        search: str | None,
        limit: int,
        after: Place | None,
    ) -> Sequence[tuple[Attention, Trunk]]:
        """List trunks, those that need a person most first, and the newest of them; `of` lists those alone."""
        found: list[tuple[Attention, Trunk]] = []
        matches = [] if search is None else [self._matches(environment_id, search)]
        for attention in _left(of, after):
            query = select(Trunk).where(Trunk.environment_id == environment_id, SPELLED[attention], *matches)
            before = after.trunk_id if after is not None and after.attention is attention else None
            rows = self._newest(query, Trunk, limit=limit - len(found), before=before)
            found += [(attention, trunk) for trunk in rows]
            if len(found) == limit:
                break
        return found

    def _matches(self, environment_id: UUID, search: str) -> ColumnElement[bool]:
        """A few that match are known by their ids, for which names are read along their index, once for all kinds; many
        are soon met in the order of the list.
        """
        ways = _ways_to_match(environment_id, search)
        few: set[UUID] = set()
        for way in ways:
            few.update(self._session.scalars(way.limit(_FEW + 1)))
        if len(few) <= _FEW:
            return Trunk.id.in_(few)
        _, led, numbered = ways
        return or_(
            _is_named(search),
            led.where(Gateway.trunk_id == Trunk.id).correlate(Trunk).exists(),
            numbered.where(PhoneNumber.trunk_id == Trunk.id).correlate(Trunk).exists(),
        )


def _left(of: Attention | None, after: Place | None) -> Iterator[Attention]:
    begun = after is None
    for attention in Attention:
        begun = begun or (after is not None and after.attention is attention)
        if begun and of in (None, attention):
            yield attention


def _is_named(search: str) -> ColumnElement[bool]:
    if search.isascii():
        return func.lower(Trunk.name).contains(search.lower(), autoescape=True)
    # What lower() knows of other letters goes by the engine, and on PostgreSQL by the database's locale.
    return Trunk.name.regexp_match(spelled_alike(search))


def _ways_to_match(environment_id: UUID, search: str) -> tuple[Select[UUID], ...]:
    """By a part of the name, and by a host or a number in whatever spelling: ids of trunks."""
    named = select(Trunk.id).where(Trunk.environment_id == environment_id, _is_named(search))
    led = (
        select(Gateway.trunk_id)
        .join(Destination, Destination.id == Gateway.destination_id)
        .where(Destination.domain == domain_of(search))
    )
    numbered = select(PhoneNumber.trunk_id).where(
        PhoneNumber.environment_id == environment_id, PhoneNumber.key == key_of(search)
    )
    return named, led, numbered
