"""Verifications: whoever changes one has locked it first, and found that it is still his."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, and_, bindparam, delete, or_, select, update
from sqlalchemy.orm import aliased, joinedload, undefer

from sipcheck.reasons import Outcome
from trunks.models.base import UtcDateTime
from trunks.models.trunk import Trunk
from trunks.models.verification import Verification, VerificationStatus
from trunks.repositories.among import among, composed
from trunks.repositories.leases import lease_over
from trunks.repositories.many_rows import change_large_rows, change_row, change_rows, enter_rows
from trunks.repositories.repository import Repository, in_parts

_RUNS = Verification.__table__

QUEUED, RUNNING, DONE = VerificationStatus.QUEUED, VerificationStatus.RUNNING, VerificationStatus.DONE


_OTHER = aliased(Verification)
_OF_ITS_TRUNK = Trunk.id == Verification.trunk_id
# Composed once: every read of a trunk asks it, and to compose it costs more than to ask. One that waits and says why
# has a reason, too.
_LATEST_TOLD = (
    select(Verification)
    .join(Trunk, _OF_ITS_TRUNK)
    .where(
        Trunk.id.in_(bindparam("trunk_ids", expanding=True)),
        Verification.id
        == select(_OTHER.id)
        .where(_OTHER.trunk_id == Trunk.id, _OTHER.generation == Trunk.generation, _OTHER.reason.is_not(None))
        .order_by(_OTHER.id.desc())
        .limit(1)
        .correlate(Trunk)
        .scalar_subquery(),
    )
)
_RUNNING = composed(
    lambda among: (
        select(_RUNS.c.id, _RUNS.c.claim_id)
        .where(among(_RUNS.c.id), _RUNS.c.status == RUNNING)
        .order_by(_RUNS.c.id)
        .with_for_update()
    )
)
_SENT = composed(
    lambda among: (
        update(_RUNS).where(among(_RUNS.c.id)).values(auth_sent_at=bindparam("at", type_=UtcDateTime()))
    )
)
_OPEN = composed(
    lambda among: (
        select(Verification)
        .where(among(Verification.trunk_id), Verification.status.in_((QUEUED, RUNNING)))
        .order_by(Verification.due_at.desc(), Verification.id.desc())
    )
)
_WAITS = (_RUNS.c.status == QUEUED) & _RUNS.c.reason.is_(None)
_AWAITED = composed(
    lambda among: (
        select(_RUNS.c.id)
        .join(Trunk.__table__, Trunk.__table__.c.id == _RUNS.c.trunk_id)
        .where(
            among(_RUNS.c.id),
            or_(
                _WAITS,
                (_RUNS.c.status == RUNNING) & (_RUNS.c.generation == Trunk.__table__.c.generation),
            ),
        )
    )
)
_ONE = (
    select(Verification)
    .where(
        Verification.id == bindparam("run_id", type_=Uuid()),
        Verification.trunk_id == bindparam("trunk_id", type_=Uuid()),
    )
    .options(undefer(Verification.report))
)
# A run's columns are read once for each gateway of its trunk: of these there are few.
_WITH_TRUNK = (
    select(Trunk, Verification)
    .outerjoin(
        Verification,
        and_(Verification.trunk_id == Trunk.id, Verification.id == bindparam("run_id", type_=Uuid())),
    )
    .where(
        Trunk.id == bindparam("trunk_id", type_=Uuid()),
        Trunk.environment_id == bindparam("environment_id", type_=Uuid()),
        Trunk.is_draft.is_(False),
    )
    .options(joinedload(Trunk.gateways), undefer(Verification.report))
)


class Verifications(Repository):
    def add(self, verification: Verification) -> None:
        self._session.add(verification)

    def enter(self, runs: Sequence[Verification]) -> None:
        """Insert new runs as they are queued, many at once: the session does not know them afterwards either."""
        rows = [{name: value for name, value in vars(run).items() if name in _RUNS.c} for run in runs]
        enter_rows(self._session, _RUNS, rows)

    def trunk_of(self, verification_id: UUID) -> UUID | None:
        return self._session.scalar(select(Verification.trunk_id).where(Verification.id == verification_id))

    def of(self, trunk_id: UUID, verification_id: UUID) -> Verification | None:
        """Find a run, with its report."""
        return self._session.scalar(_ONE, {"run_id": verification_id, "trunk_id": trunk_id})

    def with_trunk(
        self, environment_id: UUID, trunk_id: UUID, verification_id: UUID
    ) -> tuple[Trunk | None, Verification | None]:
        """Find a tenant's trunk and a run of it, with its report, as of the same moment, by one statement."""
        bound = {"environment_id": environment_id, "trunk_id": trunk_id, "run_id": verification_id}
        found = self._session.execute(_WITH_TRUNK, bound).unique().one_or_none()
        return (None, None) if found is None else (found[0], found[1])

    def latest_with_report(self, trunk_id: UUID) -> Verification | None:
        """Find a trunk's last run that came to a report, with that."""
        return self._session.scalar(
            select(Verification)
            .where(Verification.trunk_id == trunk_id, Verification.report.is_not(None))
            .order_by(Verification.id.desc())
            .limit(1)
            .options(undefer(Verification.report))
        )

    def first_asked_at(self, trunk_id: UUID, generation: int) -> datetime | None:
        """When the first run of this generation was asked for, of those that are kept."""
        return self._session.scalar(
            select(Verification.requested_at)
            .where(Verification.trunk_id == trunk_id, Verification.generation == generation)
            .order_by(Verification.id)
            .limit(1)
        )

    def carry(self, trunk_id: UUID, former: int, *, to: int) -> None:
        """Let what was found of a former generation be told of another, whose configuration is the same."""
        self._session.execute(
            update(Verification)
            .where(
                Verification.trunk_id == trunk_id,
                Verification.generation == former,
                Verification.status == DONE,
            )
            .values(generation=to)
            .execution_options(synchronize_session=False)
        )

    def page(self, trunk_id: UUID, *, limit: int, before: UUID | None) -> Sequence[Verification]:
        """List a trunk's runs, newest first, from the one before `before` on."""
        query = select(Verification).where(Verification.trunk_id == trunk_id)
        return self._newest(query, Verification, limit=limit, before=before)

    def latest_told_of(self, trunks: Sequence[Trunk]) -> Mapping[UUID, Verification]:
        """Find the last run of each trunk as it is configured now that is done, or says why it waits, by the trunk's
        id.
        """
        found = self._session.scalars(_LATEST_TOLD, {"trunk_ids": [trunk.id for trunk in trunks]})
        return {verification.trunk_id: verification for verification in found}

    def open_among(self, generations: Mapping[UUID, int]) -> dict[UUID, Verification]:
        """Find the run of each trunk that is queued, or that runs with this generation: a queued one takes the one it
        finds.
        """
        found = self._session.scalars(_OPEN(self._session), {"ids": list(generations)})
        return {
            run.trunk_id: run
            for run in found
            if run.status is QUEUED or run.generation == generations[run.trunk_id]
        }

    def claim(self, claims: Sequence[Mapping[str, Any]], values: Mapping[str, Any]) -> None:
        """Make runs ours that this transaction has locked: `claims` are columns of each, `values` those of all."""
        self._write(claims, {"status": RUNNING, "auth_sent_at": None, **values})

    def claimed_among(self, claims: Mapping[UUID, UUID]) -> set[UUID]:
        """Which of these runs, each given with its claim, are still ours, locked."""
        found = self._connection.execute(_RUNNING(self._session), {"ids": list(claims)})
        return {run_id for run_id, claim_id in found if claims[run_id] == claim_id}

    def record_sent(self, claims: Mapping[UUID, UUID], now: datetime) -> set[UUID]:
        """Record that the credentials of these runs leave, each given with its claim, and give those that are still
        ours: of others nothing is recorded.
        """
        if len(claims) == 1:
            return self._fenced({"auth_sent_at": now}, *claims.items())
        ours = self.claimed_among(claims)
        self._connection.execute(_SENT(self._session), {"ids": list(ours), "at": now})
        return ours

    def end(
        self,
        results: Mapping[UUID, Mapping[str, Any]],
        claims: Mapping[UUID, UUID],
        values: Mapping[str, Any],
    ) -> set[UUID]:
        """Write results to those of these runs, each given with its claim, that are still ours, and give them: columns
        of each, and those of all.
        """
        values = {"status": DONE, **values}
        if len(claims) == 1:
            ((run_id, columns),) = results.items()
            return self._fenced({**columns, **values}, (run_id, claims[run_id]))
        ours = self.claimed_among(claims)
        rows = [{"id": run_id, **results[run_id], **values} for run_id in sorted(ours)]
        change_large_rows(self._session, _RUNS, rows, key="id")
        return ours

    def _fenced(self, values: Mapping[str, Any], claimed: tuple[UUID, UUID]) -> set[UUID]:
        """Write to a run that is still ours, by one statement; it is given if it is."""
        run_id, claim_id = claimed
        fence = {"claim_id": claim_id, "status": RUNNING}
        ours = change_row(self._session, _RUNS, {"id": run_id, **values}, key="id", where=fence)
        return {run_id} if ours else set()

    def queue_again(self, runs: Sequence[Mapping[str, Any]]) -> None:
        """Give runs back that this transaction has locked, each due at its `due_at`."""
        self._write(runs, {"status": QUEUED, "claim_id": None, "lease_until": None, "claimed_at": None})

    def tell(self, runs: Sequence[Mapping[str, Any]]) -> None:
        """Say of queued runs that this transaction has locked why they wait."""
        self._write(runs, {})

    def _write(self, rows: Sequence[Mapping[str, Any]], values: Mapping[str, Any]) -> None:
        """Change rows by their `id`, all by one statement."""
        change_rows(self._session, _RUNS, [{**row, **values} for row in rows], key="id")

    def claimed_of(self, claims: Mapping[UUID, UUID]) -> Sequence[Verification]:
        """List those of these runs, each given with its claim, that are still ours, locked."""
        ours = self.claimed_among(claims)
        return self._session.scalars(
            select(Verification).where(among(self._session, Verification.id, ours)).order_by(Verification.id)
        ).all()

    def withdraw(self, verification_id: UUID, now: datetime) -> None:
        """Remove a queued run that nobody has asked for, and whose time has not come."""
        self._session.execute(
            delete(Verification).where(
                Verification.id == verification_id, Verification.status == QUEUED, Verification.due_at > now
            )
        )

    def expired(self, now: datetime, *, limit: int) -> Sequence[Verification]:
        """List running ones whose lease is over, locked."""
        return lease_over(self._session, Verification, Verification.status == RUNNING, now, limit=limit)

    def awaited_among(self, ids: Collection[UUID]) -> set[UUID]:
        """Which of these will still tell of their trunks: not those that are done, that wait and say why, or that run
        for what their trunks were before an edit.
        """
        found: set[UUID] = set()
        for part in in_parts(ids):
            found.update(self._connection.execute(_AWAITED(self._session), {"ids": part}).scalars())
        return found

    def judged_since(self, trunk_id: UUID, generation: int, since: datetime) -> bool:
        """Whether a run of this generation came to something since then."""
        return self._exists(
            Verification.trunk_id == trunk_id,
            Verification.generation == generation,
            Verification.status == DONE,
            Verification.finished_at >= since,
            Verification.outcome != Outcome.INCONCLUSIVE,
        )
