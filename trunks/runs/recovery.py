"""What makes lost workers harmless: every worker tends the rows each 5 s."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.reasons import Reason
from sipcheck.report.model import Report
from trunks.clock import Clock, utc_now
from trunks.models.trunk import Trunk
from trunks.models.verification import RequestedBy, Verification
from trunks.repositories.verifications import Verifications
from trunks.rules.pace_shares import LONGEST_WAIT
from trunks.runs.address_limits import AddressLimits
from trunks.runs.claimed_run import ClaimedRun, claimed_gateways
from trunks.runs.credential_freeze import CredentialFreezer
from trunks.runs.knock_ledger import Settlement, release_passwords, settle
from trunks.runs.queue import find_or_queue, queue_again
from trunks.runs.service_report import service_report
from trunks.runs.stored_report import done_values, told_values
from trunks.runs.wishes import Spending
from trunks.store.database import LOCK_WAIT_MS, Database

# A turn stays short: SQLite has one writer.
_ROWS_PER_TURN = 100
_RETRY_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Tended:
    """Runs that were taken from lost workers: queued again, or ended."""

    reclaimed: tuple[UUID, ...]
    ended: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Return:
    """A claimed run that is given back: due in `wait_seconds`, because of the pace of `waits_at` where that says so; or
    None when a worker that stops broke it off.

    `told` is what whoever waits is answered meanwhile.
    """

    claim: ClaimedRun
    wait_seconds: float | None = None
    spent: Sequence[Spending] = ()
    knocked: Sequence[Settlement] = ()
    told: Report | None = None
    waits_at: str | None = None


class Recovery:
    def __init__(self, database: Database, limits: AddressLimits, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._limits = limits
        self._clock = clock

    def tend(self) -> Tended:
        """Take back runs whose lease is over."""
        with self._database.write() as session:
            now = self._clock()
            lost = Verifications(session).expired(now, limit=_ROWS_PER_TURN)
            kept = [each.claim_id for each in lost if each.auth_sent_at is None and each.claim_id is not None]
            tended = Tended(*self._give_back(session, lost, now))
        if kept:
            # In a transaction of its own: who settles has the ledger before the runs.
            with self._database.write() as session:
                release_passwords(session, kept)
        return tended

    def give_back(self, returns: Sequence[Return]) -> list[bool]:
        """Give runs back that come to nothing now; false for those whose claim is lost.

        One that was broken off by a worker that stops ends when its credentials had left, since they go out once.
        """
        with self._database.write(lock_wait_ms=LOCK_WAIT_MS) as session:
            now = self._clock()
            self._limits.settle_within(session, [each for given in returns for each in given.spent])
            settle(session, [each for given in returns for each in given.knocked], now)
            waits = {
                given.claim.verification_id: given.wait_seconds
                for given in returns
                if given.wait_seconds is not None
            }
            waits_at = {given.claim.verification_id: given.waits_at for given in returns}
            # Nothing has left of these: what they may hold all the same, whose commit was never confirmed, is free.
            put_off = [given.claim.claim_id for given in returns if given.wait_seconds is not None]
            CredentialFreezer(session).release(put_off)
            runs = Verifications(session)
            claims = {given.claim.verification_id: given.claim.claim_id for given in returns}
            ours = runs.claimed_among(claims)
            runs.queue_again(
                [
                    {
                        "id": each,
                        "due_at": now + min(timedelta(seconds=waits[each]), LONGEST_WAIT),
                        "waits_at": waits_at[each],
                    }
                    for each in sorted(ours & waits.keys())
                ]
            )
            runs.tell(
                [
                    {"id": given.claim.verification_id, **told_values(given.told)}
                    for given in returns
                    if given.told is not None and given.claim.verification_id in ours
                ]
            )
            broken_off = {each: claims[each] for each in ours - waits.keys()}
            if broken_off:
                self._give_back(session, runs.claimed_of(broken_off), now)
            return [given.claim.verification_id in ours for given in returns]

    def _give_back(
        self, session: Session, runs: Sequence[Verification], now: datetime
    ) -> tuple[tuple[UUID, ...], tuple[UUID, ...]]:
        """Queue runs again that sent nothing; end those whose credentials have left, since they go out once."""
        reclaimed, ended = [], []
        for verification in runs:
            if verification.auth_sent_at is None:
                queue_again(verification)
                reclaimed.append(verification.id)
            else:
                _end(session, verification, now)
                ended.append(verification.id)
        return tuple(reclaimed), tuple(ended)


def _end(session: Session, verification: Verification, now: datetime) -> None:
    """End as cancelled, and queue one more run for later: one only, in case it is the run that kills workers."""
    trunk = session.get_one(Trunk, verification.trunk_id)
    report = service_report(
        Reason.CANCELLED,
        claimed_gateways(trunk, trunk.gateways)[0],
        started_at=verification.claimed_at or now,
        finished_at=now,
    )
    for column, value in done_values(report).items():
        setattr(verification, column, value)
    verification.finished_at = now
    verification.counted = False
    if verification.claim_id is not None:
        CredentialFreezer(session).lapse([verification.claim_id], now)
    if verification.requested_by is not RequestedBy.RECOVERY:
        session.flush()
        find_or_queue(session, trunk, RequestedBy.RECOVERY, now, due_at=now + _RETRY_AFTER)
