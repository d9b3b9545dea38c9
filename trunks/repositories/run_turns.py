"""Runs that are due, by environment and by way in: the longest due of each, never the whole backlog.

Statements are text: their conditions have to be those of the partial indexes, in so many words.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Integer, Row, String, Uuid, bindparam, text

from trunks.models.base import UtcDateTime
from trunks.models.verification import Verification, WayIn
from trunks.repositories.array_text import ArrayText
from trunks.repositories.repository import Repository

Due = Row[*tuple[Any, ...]]

_WAYS = ", ".join(f"'{way.value}'" for way in WayIn)

# From one environment to the next in the index of queued runs, without a look at what is between: first those behind
# the one that had its turn last, then from the lowest on to that one. Of each it is said whether a run of it is due.
_ENVIRONMENTS = (
    text(
        f"""
        WITH RECURSIVE waiting (environment_id, is_behind) AS (
            SELECT (
                SELECT environment_id FROM verifications WHERE status = 'queued' AND environment_id > :after
                ORDER BY environment_id LIMIT 1
            ), true
            UNION ALL
            SELECT (
                SELECT v.environment_id FROM verifications v
                WHERE v.status = 'queued' AND v.environment_id > coalesce(waiting.environment_id, :lowest)
                ORDER BY v.environment_id LIMIT 1
            ), waiting.is_behind AND waiting.environment_id IS NOT NULL
            FROM waiting WHERE waiting.is_behind OR waiting.environment_id <= :after
        )
        SELECT environment_id, EXISTS (
            SELECT 1 FROM verifications v
            WHERE v.status = 'queued' AND v.environment_id = waiting.environment_id
                AND v.way_in IN ({_WAYS}) AND v.due_at <= :now
        ) AS is_due
        FROM waiting
        WHERE environment_id IS NOT NULL AND (is_behind OR environment_id <= :after) LIMIT :most
        """  # noqa: S608 - our own words
    )
    .bindparams(
        bindparam("after", type_=Uuid()),
        bindparam("lowest", UUID(int=0), type_=Uuid()),
        bindparam("now", type_=UtcDateTime()),
        bindparam("most", type_=Integer()),
    )
    .columns(environment_id=Uuid(), is_due=Boolean())
)

_ANY_DUE = text("SELECT 1 FROM verifications WHERE status = 'queued' AND due_at <= :now LIMIT 1").bindparams(
    bindparam("now", type_=UtcDateTime())
)

_LONGEST_DUE = """
    SELECT id, trunk_id, requested_by, request_id, environment_id, way_in, requested_at, due_at FROM verifications
    WHERE status = 'queued' AND environment_id = {environment} AND way_in = {way} AND due_at <= :now
    ORDER BY due_at LIMIT :most
"""


def _typed(statement: str) -> Any:
    run = Verification.__table__.c
    found = text(statement).columns(
        run.id,
        run.trunk_id,
        run.requested_by,
        run.request_id,
        run.environment_id,
        run.way_in,
        run.requested_at,
        run.due_at,
    )
    return found.bindparams(bindparam("now", type_=UtcDateTime()), bindparam("most", type_=Integer()))


_OF_ALL = _typed(
    "SELECT due.* FROM unnest(:environments) AS environment CROSS JOIN unnest(:ways) AS way CROSS JOIN LATERAL ("  # noqa: S608 - our own words
    + _LONGEST_DUE.format(environment="environment", way="way")
    + "FOR UPDATE SKIP LOCKED) AS due"
).bindparams(bindparam("environments", type_=ArrayText(Uuid())), bindparam("ways", type_=ArrayText(String())))

# SQLite has no LATERAL; it answers a question in the time that another takes to be sent.
_OF_ONE = _typed(_LONGEST_DUE.format(environment=":environment", way=":way")).bindparams(
    bindparam("environment", type_=Uuid()), bindparam("way", type_=String())
)


class RunTurns(Repository):
    def any_due(self, now: datetime) -> bool:
        return self._session.execute(_ANY_DUE, {"now": now}).first() is not None

    def environments(self, after: UUID, now: datetime, *, limit: int) -> list[tuple[UUID, bool]]:
        """List environments that have queued runs, by their ids, from the one behind `after` on round to that one, each
        with whether one of its runs is due.
        """
        found = self._session.execute(_ENVIRONMENTS, {"after": after, "now": now, "most": limit})
        return [(row.environment_id, row.is_due) for row in found]

    def due(self, environments: Sequence[UUID], now: datetime, *, each: int) -> Sequence[Due]:
        """List the longest due runs, so many `each` of an environment and a way in, locked; what another has locked is
        left to him.
        """
        values = {"now": now, "most": each}
        if self._session.get_bind().dialect.name == "postgresql":
            ways = [way.value for way in WayIn]
            return self._session.execute(
                _OF_ALL, {"environments": list(environments), "ways": ways, **values}
            ).all()
        return [
            run
            for environment in environments
            for way in WayIn
            for run in self._session.execute(
                _OF_ONE, {"environment": environment, "way": way.value, **values}
            )
        ]
