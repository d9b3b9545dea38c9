"""Rows of any age, and what is left of them."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select

from sipcheck.reasons import Outcome, Reason
from tests.trunks.forms import STARTED, Store
from trunks.ids import new_id
from trunks.models.base import Base
from trunks.models.flip import Flip
from trunks.models.health_rollup import HealthRollup
from trunks.models.verification import RequestedBy, Verification, VerificationStatus
from trunks.rules.trunk_state import Cause


def days_ago(days: float) -> datetime:
    return STARTED - timedelta(days=days)


def add(store: Store, model: type[Base], rows: Iterable[dict[str, Any]]) -> list[UUID]:
    """Enter rows, and give their ids."""
    given = [{"id": new_id(), **row} for row in rows]
    with store.installation.database.write() as session:
        session.execute(insert(model), given)
    return [row["id"] for row in given]


def add_runs(store: Store, trunk_id: UUID, finished: Iterable[datetime]) -> list[UUID]:
    """Enter runs that are done, in the order of their ids."""
    return add(
        store,
        Verification,
        [
            {
                "trunk_id": trunk_id,
                "generation": 1,
                "status": VerificationStatus.DONE,
                "requested_by": RequestedBy.SCHEDULE,
                "requested_at": at,
                "due_at": at,
                "notify_at": at,
                "finished_at": at,
                "outcome": Outcome.VERIFIED,
                "reason": Reason.CREDENTIALS_PROVEN,
                "counted": True,
                "report": {"summary": "It works.", "advice": ""},
            }
            for at in finished
        ],
    )


def add_flips(
    store: Store, trunk_id: UUID, moments: Iterable[datetime], *, verification_id: UUID | None = None
) -> list[UUID]:
    changes = {"is_verified": [False, True]}
    same = {"trunk_id": trunk_id, "cause": Cause.HEALTH, "generation": 1, "changes": changes}
    return add(store, Flip, [{**same, "at": at, "verification_id": verification_id} for at in moments])


def add_hours(store: Store, destination_id: UUID, hours: Iterable[datetime], **counts: float) -> list[UUID]:
    given = {"checks": 60, "failures": 1, "latency_sum_ms": 590.0, "latency_max_ms": 20.0, **counts}
    return add(
        store, HealthRollup, [{"destination_id": destination_id, "hour": hour, **given} for hour in hours]
    )


def count(store: Store, model: type[Base]) -> int:
    with store.installation.database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def ids(store: Store, model: type[Base]) -> set[UUID]:
    with store.installation.database.read() as session:
        return set(session.scalars(select(model.id)))


def clean_all(store: Store, turn: Callable[[], Any] | None = None) -> int:
    """Take turns, each a minute and a half after the one before, until nothing goes any more; give their number."""
    turn = turn or store.installation.cleaning.turn
    turns = 0
    while True:
        store.clock.advance(90)
        if not turn():
            return turns
        turns += 1
