"""Runs as the store has them: entered many at once, waited for, read."""

import time
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.orm import undefer

from benchmarks.cost import ProgramFailed
from sipcheck.reasons import Reason
from trunks.clock import utc_now
from trunks.ids import new_id
from trunks.installation.installation import Installation
from trunks.models.trunk import Trunk
from trunks.models.verification import RequestedBy, Verification, VerificationStatus, WayIn

_LOOK_SECONDS = 0.05
_DONE_WITHIN_SECONDS = 180.0
_IDS_PER_QUESTION = 500


def enter_runs(installation: Installation, trunks: Sequence[UUID]) -> list[UUID]:
    """Queue a run of each trunk, in one statement, as the service queues them one by one."""
    now = utc_now()
    with installation.database.write() as session:
        found = session.execute(select(Trunk.id, Trunk.generation, Trunk.environment_id)).all()
        generations = {row.id: row.generation for row in found}
        environments = {row.id: row.environment_id for row in found}
        runs = {new_id(): trunk_id for trunk_id in trunks}
        rows = [
            {
                "id": run,
                "trunk_id": trunk_id,
                "environment_id": environments[trunk_id],
                "way_in": WayIn.QUEUED,
                "generation": generations[trunk_id],
                "status": VerificationStatus.QUEUED,
                "requested_by": RequestedBy.CUSTOMER,
                "requested_at": now,
                "due_at": now,
            }
            for run, trunk_id in runs.items()
        ]
        session.execute(insert(Verification), rows)
    return list(runs)


def wait_until_done(installation: Installation) -> None:
    """Wait until no run is open. Raises ProgramFailed."""
    deadline = time.monotonic() + _DONE_WITHIN_SECONDS
    while left := _open(installation):
        if time.monotonic() > deadline:
            raise ProgramFailed(f"{left} runs were not done in {_DONE_WITHIN_SECONDS:g} s")
        time.sleep(_LOOK_SECONDS)


def finished_at(installation: Installation, runs: Collection[UUID]) -> datetime:
    """Tell when the last of these runs was done. Raises ProgramFailed unless all proved their credentials."""
    found = _read(installation, runs)
    reasons = {run.reason for run in found}
    if len(found) != len(runs) or reasons != {Reason.CREDENTIALS_PROVEN}:
        raise ProgramFailed(f"{len(found)} of {len(runs)} runs ended, with {reasons}")
    return max(run.finished_at for run in found if run.finished_at is not None)


def durations_ms(installation: Installation, runs: Collection[UUID]) -> Mapping[UUID, float]:
    """Read how long each report says that its run took."""
    return {
        run.id: float(run.report["duration_ms"])
        for run in _read(installation, runs)
        if run.report is not None
    }


def _read(installation: Installation, runs: Collection[UUID]) -> list[Verification]:
    wanted = list(runs)
    found: list[Verification] = []
    with installation.database.read() as session:
        for start in range(0, len(wanted), _IDS_PER_QUESTION):
            part = wanted[start : start + _IDS_PER_QUESTION]
            found += session.scalars(
                select(Verification).where(Verification.id.in_(part)).options(undefer(Verification.report))
            )
    return found


def _open(installation: Installation) -> int:
    # In two questions, since each of the two states has an index of its own.
    with installation.database.read() as session:
        return sum(
            session.scalar(select(func.count()).where(Verification.status == status)) or 0
            for status in (VerificationStatus.QUEUED, VerificationStatus.RUNNING)
        )
