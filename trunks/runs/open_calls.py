"""What ends the calls of a worker, committed before an INVITE leaves and again before an ACK, and struck out when they
are over: a call outlives nobody, neither the worker that made it nor the trunk it was made over.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.transaction.invite.call_mark import CallMark
from trunks.clock import Clock
from trunks.ids import new_id
from trunks.models.open_call import OpenCall
from trunks.repositories.open_calls import OpenCallRows
from trunks.repositories.trunks import Trunks
from trunks.runs.call_marks import read_marks, write_marks
from trunks.runs.claimed_run import ClaimedGateway, ClaimedRun, claimed_gateways
from trunks.store.database import Database

LEASE = timedelta(seconds=30)
# Longer than any call lasts: one that could not be ended until then is not up any more.
_GIVEN_UP_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """What ends a call now; nothing once it is over. `run` is what it was made for."""

    run: ClaimedRun
    call_id: str
    marks: tuple[CallMark, ...]


@dataclass(frozen=True, slots=True)
class LostCall:
    """A call whose worker is gone, ours to end; `gateway` has its credentials, unless the trunk is gone as well."""

    call_id: str
    run_id: UUID
    trunk_id: UUID
    marks: tuple[CallMark, ...]
    gateway: ClaimedGateway | None


@dataclass(slots=True)
class OpenCalls:
    """Of one process, whose calls are `holder`'s."""

    database: Database
    clock: Clock
    holder: UUID = field(default_factory=new_id)
    _held: set[str] = field(default_factory=set)

    def write_down(self, written: Sequence[WrittenCall]) -> Sequence[None]:
        """Commit what ends these calls. Raises StoreUnavailable."""
        with self.database.write() as session:
            for each in written:
                self.keep(session, each)
        return [None] * len(written)

    def keep(self, session: Session, written: WrittenCall) -> None:
        """The same within a transaction of the caller's."""
        rows, now = OpenCallRows(session), self.clock()
        if not written.marks:
            # First, so that its lease ends where it cannot be struck out.
            self._held.discard(written.call_id)
            rows.forget(written.call_id, self.holder)
            return
        self._held.add(written.call_id)
        rows.keep(
            {
                "id": new_id(),
                "call_id": written.call_id,
                "run_id": written.run.verification_id,
                "environment_id": written.run.environment_id,
                "trunk_id": written.run.first.trunk_id,
                "ends": write_marks(written.marks),
                "begun_at": now,
                "claim_id": self.holder,
                "lease_until": now + LEASE,
            }
        )

    def renew(self) -> None:
        """Keep the calls that are made here; asks nothing where there is none.

        Those of others are ours for one lease: where their end fails, it is another's turn.
        """
        held = tuple(self._held)
        if held:
            with self.database.write() as session:
                OpenCallRows(session).renew(held, self.holder, self.clock() + LEASE)

    def claim_lost(self, *, limit: int) -> list[LostCall]:
        """Make calls ours to end whose workers are gone."""
        now = self.clock()
        with self.database.question() as session:
            if not OpenCallRows(session).any_lost(now):
                return []
        with self.database.write() as session:
            rows = OpenCallRows(session)
            lost = []
            for call in rows.lost(now, limit=limit):
                if call.begun_at + _GIVEN_UP_AFTER <= now:
                    rows.remove(call)
                    continue
                call.claim(self.holder, now + LEASE)
                lost.append(_lost(session, call))
            return lost

    def ended(self, lost: LostCall) -> None:
        """Strike out a call that was ended for another."""
        with self.database.write() as session:
            OpenCallRows(session).forget(lost.call_id, self.holder)


def _lost(session: Session, call: OpenCall) -> LostCall:
    trunk = Trunks(session).of(call.environment_id, call.trunk_id)
    return LostCall(
        call.call_id,
        call.run_id,
        call.trunk_id,
        read_marks(call.ends),
        None if trunk is None else claimed_gateways(trunk, trunk.gateways)[0],
    )
