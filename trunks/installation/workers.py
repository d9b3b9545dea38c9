"""Which workers are at work for this store: each says so in a row of its own, and renews it.

A broker cannot tell: whoever consumes there answers its ping, also a worker of another store or of another program.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from trunks.clock import Clock
from trunks.doorbell import TEND_INTERVAL_SECONDS
from trunks.repositories.workers import Workers
from trunks.store.database import Database

# A worker that has much to tend renews its row late.
SEEN_WITHIN = timedelta(seconds=6 * TEND_INTERVAL_SECONDS)


@dataclass(frozen=True, slots=True)
class WorkersSeen:
    """How many workers were seen a moment ago, by what they do; most do both."""

    runs: int
    health: int


@dataclass(frozen=True, slots=True)
class WorkerBook:
    database: Database
    clock: Clock

    def note(self, worker_id: UUID, *, does_runs: bool, checks_health: bool) -> None:
        """Say that a worker is at work. Raises StoreUnavailable."""
        with self.database.write() as session:
            Workers(session).note(
                worker_id, does_runs=does_runs, checks_health=checks_health, now=self.clock()
            )

    def remove(self, worker_id: UUID) -> None:
        """Say that it ends. Raises StoreUnavailable."""
        with self.database.impatient().write() as session:
            Workers(session).remove(worker_id)

    def seen(self) -> WorkersSeen:
        """Count those that were seen a moment ago. Raises StoreUnavailable.

        A row from beyond now was written before a clock was set back: whoever is at work writes it anew.
        """
        now = self.clock()
        with self.database.question() as session:
            runs, health = Workers(session).count(since=now - SEEN_WITHIN, until=now + SEEN_WITHIN)
        return WorkersSeen(runs, health)
