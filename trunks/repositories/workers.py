"""The workers that the store has seen."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select

from trunks.models.worker import Worker
from trunks.repositories.insert_or import insert_or_update
from trunks.repositories.repository import Repository


class Workers(Repository):
    def note(self, worker_id: UUID, *, does_runs: bool, checks_health: bool, now: datetime) -> None:
        values = {
            "id": worker_id,
            "does_runs": does_runs,
            "checks_health": checks_health,
            "seen_at": now,
        }
        insert_or_update(self._session, Worker, values, unique=["id"], changed=("seen_at",))

    def remove(self, worker_id: UUID) -> None:
        self._session.execute(delete(Worker).where(Worker.id == worker_id))

    def count(self, *, since: datetime, until: datetime) -> tuple[int, int]:
        """Count those seen in between that do runs, and those that check health."""
        does_runs, checks_health = self._session.execute(
            select(
                func.count().filter(Worker.does_runs),
                func.count().filter(Worker.checks_health),
            ).where(Worker.seen_at.between(since, until))
        ).one()
        return does_runs, checks_health
