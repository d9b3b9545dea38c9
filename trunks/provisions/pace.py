"""The pace of writes on the voice infrastructure, over all workers (docs/design/infrastructure.md, "Pace")."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.clock import Clock
from trunks.doorbell import next_notify_at
from trunks.models.provision import Infrastructure
from trunks.repositories.provisions import Infrastructures, Provisions
from trunks.rules.write_pace import WritesLeft, least_left, refilled
from trunks.store.database import Database
from trunks.voice.provisioner import ProvisionerName


@dataclass(frozen=True, slots=True)
class ProvisionPace:
    """What a person waits for is counted and never waits; all else has its turn while something is left, and a share
    that is kept for it. A `rate` of 0 sets no limit.
    """

    database: Database
    provisioner: ProvisionerName
    rate: float
    clock: Clock

    def count(self, session: Session) -> None:
        """Count what a person asked for, inside the transaction that claims it."""
        if self.rate:
            Infrastructures(session).debit(self.provisioner, least=least_left(self.rate))

    def take(self, *, limit: int) -> Sequence[UUID]:
        """Give trunks whose turn it is, guard before moves before what reconciliation found. Raises StoreUnavailable.

        Whoever is killed with them is followed after a few seconds.
        """
        if self.provisioner is ProvisionerName.NONE:
            return ()
        with self.database.question() as session:
            if not Provisions(session).any_paced(self.clock()):
                return ()
        with self.database.write() as session:
            now = self.clock()
            row, left = self._standing(session, now)
            may = min(limit, left.whole) if self.rate else limit
            taken = Provisions(session).paced(now, limit=may) if may > 0 else ()
            for provision in taken:
                provision.notify_at = next_notify_at(now)
            _keep(row, left.after(len(taken), least=least_left(self.rate)))
            return [provision.trunk_id for provision in taken]

    def let(self, session: Session, wanted: int, *, at_least: int) -> int:
        """Say how many of so many deletions may be made now, and count them: what all others leave."""
        if not self.rate or not wanted:
            return wanted
        now = self.clock()
        row, left = self._standing(session, now)
        over = 0 if Provisions(session).any_paced(now) else left.over
        may = min(wanted, max(at_least, over))
        _keep(row, left.beside(may, least=least_left(self.rate)))
        return may

    def _standing(self, session: Session, now: datetime) -> tuple[Infrastructure, WritesLeft]:
        """Give the row of the pace, locked, and what is left by now."""
        row = Infrastructures(session).ensure(self.provisioner)
        return row, refilled(_left(row), now, rate=self.rate)


def _left(row: Infrastructure) -> WritesLeft | None:
    if row.writes_left is None or row.refilled_at is None:
        return None
    return WritesLeft(row.writes_left, row.refilled_at, row.writes_kept or 0.0)


def _keep(row: Infrastructure, left: WritesLeft) -> None:
    row.writes_left, row.writes_kept, row.refilled_at = left.count, left.kept, left.at
