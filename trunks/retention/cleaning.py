"""What has outlived its keeping is deleted, by every worker in small turns that nobody waits for.

Source: docs/design/service.md, "What is kept, and for how long".
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from trunks.clock import Clock, utc_now
from trunks.repositories.old_rows import Looked, Place
from trunks.retention.chore import Chore
from trunks.store.database import Database

# SQLite has one writer, for whom all others wait.
TURN_SECONDS = 0.05
ROWS_PER_TURN = 500
# A table that was walked through is left alone for so long.
REST = timedelta(minutes=1)


@dataclass(slots=True)
class _Walk:
    """Where the cleaning of one table has come to, and when it came to the end."""

    after: Place | None = None
    ended_at: datetime | None = None

    def rests(self, now: datetime) -> bool:
        # A clock that was set back ends the rest.
        return self.ended_at is not None and self.ended_at <= now < self.ended_at + REST

    def went_through(self, looked: Looked, now: datetime) -> None:
        if looked.ended:
            self.after, self.ended_at = None, now
        else:
            self.after, self.ended_at = looked.places[-1], None

    def came_to(self, looked: Looked, number: int) -> None:
        """Go on behind the first `number` old rows of a page."""
        if number:
            last = looked.old[number - 1]
            self.after = next(place for place in looked.places if place[1] == last)
        self.ended_at = None


@dataclass(eq=False, repr=False)
class Cleaning:
    """`seconds` is the clock that a turn's length is measured by."""

    database: Database
    chores: Sequence[Chore]
    clock: Clock = utc_now
    seconds: Callable[[], float] = time.perf_counter
    _busy: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._walks = [(chore, _Walk()) for chore in self.chores]

    def turn(self) -> Mapping[str, int]:
        """Clean some of each table, and give how many rows went by table; nothing while a turn is under way.

        Raises StoreUnavailable.
        """
        if not self._busy.acquire(blocking=False):
            return {}
        try:
            removed: Counter[str] = Counter()
            for chore, walk in self._walks:
                if not walk.rests(self.clock()):
                    removed[chore.table] += self._clean(chore, walk)
            return +removed
        finally:
            self._busy.release()

    def _clean(self, chore: Chore, walk: _Walk) -> int:
        now = self.clock()
        with self.database.read() as session:
            looked = chore.look(session, now, after=walk.after, limit=ROWS_PER_TURN)
        done, removed = self._remove(chore, now, looked) if looked.old else (0, 0)
        if done == len(looked.old):
            walk.went_through(looked, now)
        else:
            walk.came_to(looked, done)
        return removed

    def _remove(self, chore: Chore, now: datetime, looked: Looked) -> tuple[int, int]:
        """Remove what fits into a turn: how many of the old rows were gone through, and how many rows went."""
        done = removed = 0
        ids = looked.old
        until = self.seconds() + TURN_SECONDS
        while done < len(ids) and removed < ROWS_PER_TURN and self.seconds() < until:
            part = ids[done : done + chore.rows_at_once]
            # Each part by itself: a part locks its rows in one order, two of them would not, and workers could wait in
            # a circle.
            with self.database.write() as session:
                removed += chore.remove(session, now, part)
            done += len(part)
        return done, removed
