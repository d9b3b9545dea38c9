"""A tenant's trunks in the order in which they need a person: each question goes along one index."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import TextClause, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from trunks.models.destination import Destination
from trunks.models.phone_number import PhoneNumber
from trunks.models.trunk import DEGRADED, FALLEN, NEVER_WORKED, WELL, Gateway, Trunk
from trunks.phone_numbers import key_of
from trunks.repositories.repository import Repository
from trunks.rules.attention import Attention

SPELLED: Mapping[Attention, TextClause] = {
    Attention.FALLEN: FALLEN,
    Attention.NEVER_WORKED: NEVER_WORKED,
    Attention.DEGRADED: DEGRADED,
    Attention.WELL: WELL,
}


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
        for attention in _left(of, after):
            query = select(Trunk).where(Trunk.environment_id == environment_id, SPELLED[attention])
            if search is not None:
                query = query.where(_matches(environment_id, search))
            before = after.trunk_id if after is not None and after.attention is attention else None
            rows = self._newest(query, Trunk, limit=limit - len(found), before=before)
            found += [(attention, trunk) for trunk in rows]
            if len(found) == limit:
                break
        return found


def _left(of: Attention | None, after: Place | None) -> Iterator[Attention]:
    begun = after is None
    for attention in Attention:
        begun = begun or (after is not None and after.attention is attention)
        if begun and of in (None, attention):
            yield attention


def _matches(environment_id: UUID, search: str) -> ColumnElement[bool]:
    """A part of the name, a host as it is written, or a number in whatever spelling."""
    led = (
        select(Gateway.trunk_id)
        .join(Destination, Destination.id == Gateway.destination_id)
        .where(Destination.domain == search.lower())
    )
    numbered = select(PhoneNumber.trunk_id).where(
        PhoneNumber.environment_id == environment_id, PhoneNumber.key == key_of(search)
    )
    return or_(
        func.lower(Trunk.name).contains(search.lower(), autoescape=True),
        Trunk.id.in_(led),
        Trunk.id.in_(numbered),
    )
