"""One table's part of the cleaning."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.repositories.maintenances import Maintenances
from trunks.repositories.old_rows import Aging, Looked, OldRows, Place, messages_but_held
from trunks.repositories.rollup_folding import RollupFolding
from trunks.repositories.unused_destinations import UnusedDestinations, UnusedPins
from trunks.retention.keeping import HELD_MESSAGES, SENT_WITHIN


class Chore(Protocol):
    """Looks at a page of a table without a lock; what may go is then taken away, a few rows at a time."""

    @property
    def table(self) -> str: ...

    @property
    def rows_at_once(self) -> int:
        """How many rows one statement takes: what takes others with it, fewer."""

    def look(self, session: Session, now: datetime, *, after: Place | None, limit: int) -> Looked: ...

    def remove(self, session: Session, now: datetime, ids: Sequence[UUID]) -> int:
        """Look again, now that it is written, and give the number of rows that went."""


class AgedRows:
    """Rows that go by their age."""

    rows_at_once = 50

    def __init__(self, aging: Aging, keep: timedelta) -> None:
        self.table = aging.model.__tablename__
        self._aging = aging
        self._keep = keep

    def look(self, session: Session, now: datetime, *, after: Place | None, limit: int) -> Looked:
        return OldRows(session).look(self._aging, now - self._keep, after=after, limit=limit)

    def remove(self, session: Session, now: datetime, ids: Sequence[UUID]) -> int:
        return OldRows(session).remove(self._aging, now - self._keep, ids)


class Messages:
    """Messages to endpoints, but what a maintenance holds, or held a moment ago: that is still to be sent."""

    table = "webhook_messages"
    rows_at_once = 50

    def __init__(self, keep: timedelta) -> None:
        self._keep = keep

    def look(self, session: Session, now: datetime, *, after: Place | None, limit: int) -> Looked:
        return OldRows(session).look(_aging(session, now), now - self._keep, after=after, limit=limit)

    def remove(self, session: Session, now: datetime, ids: Sequence[UUID]) -> int:
        return OldRows(session).remove(_aging(session, now), now - self._keep, ids)


def _aging(session: Session, now: datetime) -> Aging:
    held = Maintenances(session).held_after(now - SENT_WITHIN)
    return messages_but_held(held, now - HELD_MESSAGES)


class HourlyRollups:
    """Hours that are added to their days."""

    table = "health_rollups"
    rows_at_once = 50

    def __init__(self, keep: timedelta) -> None:
        self._keep = keep

    def look(self, session: Session, now: datetime, *, after: Place | None, limit: int) -> Looked:
        # All that are old go, so that the walk is always at its beginning.
        found = RollupFolding(session).oldest(now - self._keep, limit=limit)
        return Looked([(None, row_id) for row_id in found], [True] * len(found), len(found) < limit)

    def remove(self, session: Session, now: datetime, ids: Sequence[UUID]) -> int:
        return RollupFolding(session).fold(ids)


class Destinations:
    """Destinations without a trunk, with all that stands below them: a thousand rollups, at the most."""

    table = "destinations"
    rows_at_once = 1

    def __init__(self, keep: timedelta) -> None:
        self._keep = keep

    def look(self, session: Session, now: datetime, *, after: Place | None, limit: int) -> Looked:
        return UnusedDestinations(session).look(now - self._keep, after=after, limit=limit)

    def remove(self, session: Session, now: datetime, ids: Sequence[UUID]) -> int:
        return UnusedDestinations(session).remove(now - self._keep, now, ids)


class Pins:
    """Learned realms of users that no trunk has."""

    table = "realm_pins"
    rows_at_once = 50

    def __init__(self, keep: timedelta) -> None:
        self._keep = keep

    def look(self, session: Session, now: datetime, *, after: Place | None, limit: int) -> Looked:
        return UnusedPins(session).look(now - self._keep, after=after, limit=limit)

    def remove(self, session: Session, now: datetime, ids: Sequence[UUID]) -> int:
        return UnusedPins(session).remove(now - self._keep, ids)
