"""Stored credentials are proven again, spread out: an ordinary run for each trunk (docs/design/sip.md, hazard 2)."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.diagnosis.evidence import Proof
from sipcheck.reasons import CredentialState
from trunks.clock import Clock, utc_now
from trunks.models.trunk import Trunk
from trunks.models.verification import RequestedBy
from trunks.repositories.proofs import Proofs
from trunks.rules.intervals import jittered
from trunks.runs.queue import find_or_queue
from trunks.store.database import Database

# A turn stays short: SQLite has one writer.
_ROWS_PER_TURN = 100

_FIRST_AGAIN_SECONDS = 15 * 60.0

# What is overdue by more than this share of an interval was due while no worker ran, and is spread over as much.
_LATE_SHARE = 0.1


class CredentialProofs:
    """`interval_seconds` lies between two proofs of a trunk's credentials, give or take a tenth."""

    def __init__(self, database: Database, *, interval_seconds: float, clock: Clock = utc_now) -> None:
        self._database = database
        self._interval_seconds = interval_seconds
        self._clock = clock

    def tend(self) -> tuple[UUID, ...]:
        """Queue runs for the trunks that are due, and give their ids for ringing."""
        with self._database.question() as session:
            if not Proofs(session).any_due(self._clock()):
                return ()
        with self._database.write() as session:
            now = self._clock()
            queued = [self._queue(session, trunk, now) for trunk in self._due(session, now)]
            return tuple(run for run in queued if run is not None)

    def _due(self, session: Session, now: datetime) -> Sequence[Trunk]:
        late_seconds = _LATE_SHARE * self._interval_seconds
        due = Proofs(session).due(now, limit=_ROWS_PER_TURN)
        in_time = []
        for trunk in due:
            if trunk.next_proof_at is None:
                continue
            if now - trunk.next_proof_at > timedelta(seconds=late_seconds):
                trunk.next_proof_at = now + timedelta(seconds=late_seconds * random.random())  # noqa: S311
            else:
                in_time.append(trunk)
        return in_time

    def _queue(self, session: Session, trunk: Trunk, now: datetime) -> UUID | None:
        """Queue a run unless one is open, which proves the same; rejected credentials wait for the customer.

        A trunk whose credentials are not to be proven has its turns all the same, for when that is changed.
        """
        awaits_verdict = may_come_again(trunk)
        trunk.next_proof_at = next_proof_at(trunk, now, self._interval_seconds)
        if not awaits_verdict and (trunk.next_proof_at is None or trunk.proof is Proof.NONE):
            return None
        run, is_new = find_or_queue(session, trunk, RequestedBy.SCHEDULE, now)
        return run.id if is_new else None


def may_come_again(trunk: Trunk) -> bool:
    """Whether a trunk of which nothing could be said yet is verified again by ourselves, which no call is made for."""
    return (
        not trunk.is_verified
        and not trunk.is_draft
        and trunk.living_generation != trunk.generation
        and trunk.credentials is not CredentialState.REJECTED
        and trunk.proof is not Proof.INVITE
    )


def comes_again_at(first_asked_at: datetime, now: datetime, interval_seconds: float) -> datetime:
    """When: a quarter of an hour later, and ever more seldom, at last as often as credentials are proven."""
    seconds = max(_FIRST_AGAIN_SECONDS, (now - first_asked_at).total_seconds() / 2)
    return now + timedelta(seconds=jittered(min(seconds, interval_seconds), random.random()))  # noqa: S311


def next_proof_at(trunk: Trunk, now: datetime, interval_seconds: float) -> datetime | None:
    """When a trunk's credentials are proven next; None where there are none, or none that may be sent."""
    provable = (
        trunk.sealed_password is not None
        and trunk.living_generation == trunk.generation
        and trunk.credentials is not CredentialState.REJECTED
        and not trunk.is_draft
    )
    if not provable:
        return None
    return now + timedelta(seconds=jittered(interval_seconds, random.random()))  # noqa: S311 - spreads work
