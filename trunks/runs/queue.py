"""The queue of runs: where each is entered, brought forward and given back, whoever wants it.

All work inside a transaction of their caller, which holds the trunk's lock, and rings for the run after its commit.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.ids import new_id
from trunks.models.trunk import Trunk
from trunks.models.verification import RequestedBy, Verification, VerificationStatus, WayIn
from trunks.repositories.trunks import TrunkRow
from trunks.repositories.verifications import Verifications

# Longer than anybody takes from the change of a trunk to asking for its run, sides that are waited for among it.
_UNASKED = timedelta(minutes=1)

# They wait behind what somebody asked for.
_BY_OURSELVES = (RequestedBy.SCHEDULE, RequestedBy.RETRY)


def find_or_queue(
    session: Session,
    trunk: Trunk | TrunkRow,
    requested_by: RequestedBy,
    now: datetime,
    *,
    due_at: datetime | None = None,
) -> tuple[Verification, bool]:
    """Give the run of a trunk that is open, or queue one that is due now or at `due_at`; true when it is new."""
    found = Verifications(session).open_among({trunk.id: trunk.generation}).get(trunk.id)
    if found is not None:
        return found, False
    run = new_run(trunk, requested_by, now, due_at=due_at)
    Verifications(session).add(run)
    return run, True


def queue_unasked(session: Session, trunk: Trunk, now: datetime) -> UUID | None:
    """Queue a run in the transaction that makes a trunk need one, and give its id where none was open.

    Whoever changed the trunk asks for it in a moment, which brings it forward; where his process is gone by then, it
    comes by itself.
    """
    run, is_new = find_or_queue(session, trunk, RequestedBy.CUSTOMER, now, due_at=now + _UNASKED)
    return run.id if is_new else None


def new_run(
    trunk: Trunk | TrunkRow,
    requested_by: RequestedBy,
    now: datetime,
    *,
    due_at: datetime | None = None,
    request_id: str | None = None,
    on_demand: bool = False,
) -> Verification:
    """Make a run that is to be queued."""
    return Verification(
        id=new_id(),
        environment_id=trunk.environment_id,
        way_in=_way_in(requested_by, on_demand=on_demand),
        trunk_id=trunk.id,
        generation=trunk.generation,
        status=VerificationStatus.QUEUED,
        requested_by=requested_by,
        requested_at=now,
        due_at=due_at or now,
        request_id=request_id,
    )


def _way_in(requested_by: RequestedBy, *, on_demand: bool) -> WayIn:
    if on_demand:
        return WayIn.ON_DEMAND
    return WayIn.SCHEDULED if requested_by in _BY_OURSELVES else WayIn.QUEUED


def bring_forward(run: Verification, now: datetime, *, request_id: str | None, on_demand: bool) -> None:
    """Make a queued run that waits for its time or for its turn one that a customer asks for now."""
    if run.status is not VerificationStatus.QUEUED:
        return
    # Whoever asks anew waits for a new answer.
    run.outcome = run.reason = run.summary = run.advice = run.sentences = run.report = None
    if run.due_at > now or run.requested_by in _BY_OURSELVES:
        run.requested_by = RequestedBy.CUSTOMER
        run.way_in = WayIn.QUEUED
        run.request_id = request_id
        # Both: a run that is due later than it was asked for was put off, and may go by the route of a minute ago.
        run.requested_at = run.due_at = now
    if on_demand:
        run.way_in = WayIn.ON_DEMAND


def queue_again(run: Verification) -> None:
    """Give a claimed run back: it is due at once."""
    run.status = VerificationStatus.QUEUED
    run.waits_at = None
    run.release()
    run.claimed_at = None
