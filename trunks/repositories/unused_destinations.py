"""Destinations that no trunk leads to any more, and what was learned there of users that none has."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, select, update

from trunks.models.destination import Destination
from trunks.models.health_rollup import DailyRollup, HealthRollup
from trunks.models.realm_pin import RealmPin
from trunks.models.trunk import Gateway, Trunk
from trunks.repositories.among import among
from trunks.repositories.old_rows import Looked, Place
from trunks.repositories.repository import Repository

_USED = exists().where(Gateway.destination_id == Destination.id)


class UnusedDestinations(Repository):
    def look(self, before: datetime, *, after: Place | None, limit: int) -> Looked:
        """Look at the next destinations: those go on that no trunk leads to, and that are known as such or not yet."""
        query = select(Destination.id, Destination.unused_since, _USED).order_by(Destination.id).limit(limit)
        if after is not None:
            query = query.where(Destination.id > after[1])
        found = self._session.execute(query).all()
        return Looked(
            [(None, destination_id) for destination_id, _, _ in found],
            [not used and (since is None or since < before) for _, since, used in found],
            len(found) < limit,
        )

    def remove(self, before: datetime, now: datetime, ids: Sequence[UUID]) -> int:
        """Note of those of these that they are unused, and remove those that have been so; give the rows removed."""
        free = self._session.execute(
            select(Destination.id, Destination.unused_since)
            .where(among(self._session, Destination.id, ids))
            .with_for_update(skip_locked=True)
        ).all()
        # Asked again, now that nobody can lead a trunk there: who was about to has committed, or waits for this lock.
        unused = among(self._session, Destination.id, [each.id for each in free]) & ~_USED
        still = set(self._session.scalars(select(Destination.id).where(unused)))
        seen = [each.id for each in free if each.id in still and each.unused_since is None]
        self._session.execute(
            update(Destination).where(among(self._session, Destination.id, seen)).values(unused_since=now)
        )
        gone = [
            each.id for each in free if each.id in still and each.unused_since and each.unused_since < before
        ]
        # What stands below them goes with them; these are the ones that may be many.
        return sum(
            len(self._session.scalars(statement).all())
            for statement in (
                delete(HealthRollup)
                .where(among(self._session, HealthRollup.destination_id, gone))
                .returning(HealthRollup.id),
                delete(DailyRollup)
                .where(among(self._session, DailyRollup.destination_id, gone))
                .returning(DailyRollup.id),
                delete(Destination)
                .where(among(self._session, Destination.id, gone))
                .returning(Destination.id),
            )
        )


class UnusedPins(Repository):
    def look(self, before: datetime, *, after: Place | None, limit: int) -> Looked:
        """Look at the next pins: those go that were proven before a moment, and whose user no trunk there has."""
        query = (
            select(RealmPin.id, RealmPin.proven_at, RealmPin.destination_id, RealmPin.username)
            .order_by(RealmPin.id)
            .limit(limit)
        )
        if after is not None:
            query = query.where(RealmPin.id > after[1])
        found = self._session.execute(query).all()
        old = {(each.destination_id, each.username) for each in found if each.proven_at < before}
        used = self._used(old)
        return Looked(
            [(None, each.id) for each in found],
            [(pin := (each.destination_id, each.username)) in old and pin not in used for each in found],
            len(found) < limit,
        )

    def _used(self, pins: set[tuple[UUID, str]]) -> set[tuple[UUID, str]]:
        """Which of these users some trunk has at that destination."""
        if not pins:
            return set()
        rows = self._session.execute(
            select(Gateway.destination_id, Trunk.username)
            .join(Trunk, Trunk.id == Gateway.trunk_id)
            .where(
                among(self._session, Gateway.destination_id, {destination_id for destination_id, _ in pins}),
                Trunk.username.in_({username for _, username in pins}),
            )
            .distinct()
        )
        return {(destination_id, username) for destination_id, username in rows if username is not None}

    def remove(self, before: datetime, ids: Sequence[UUID]) -> int:
        """Remove those of these that were not proven meanwhile; give their number."""
        removed = self._session.scalars(
            delete(RealmPin)
            .where(among(self._session, RealmPin.id, ids), RealmPin.proven_at < before)
            .returning(RealmPin.id)
        )
        return len(removed.all())
