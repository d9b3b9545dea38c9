"""Whose turn it is to ask at destinations that are being claimed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.repositories.check_askers import AskerRow, CheckAskers
from trunks.repositories.liveness import Found
from trunks.rules.asking import Asker, Candidate, Occasion, whose_turn
from trunks.rules.intervals import HealthIntervals


class AskerTurns:
    """Works inside the transaction that claims the checks."""

    def __init__(self, session: Session, pace: HealthIntervals) -> None:
        self._rows = CheckAskers(session)
        self._pace = pace

    def choose(self, due: Sequence[Found], asked: Sequence[Found], now: datetime) -> dict[UUID, Asker]:
        """Give who asks at each destination; nothing where it is nobody's account.

        Of those that are proven there whoever's turn it is; else of those whose user is known there.
        """
        rows = {row.destination_id: row for row in (*due, *asked)}
        proven = dict(self._rows.proven([row.destination_id for row in due], begun=True))
        proven |= self._rows.proven([row.destination_id for row in asked], begun=False)
        chosen = self._of(rows, proven, now, proven_here=True)
        without = [destination_id for destination_id in rows if destination_id not in chosen]
        return chosen | self._of(rows, self._rows.known(without), now, proven_here=False)

    def _of(
        self,
        rows: Mapping[UUID, Found],
        found: Mapping[UUID, Sequence[AskerRow]],
        now: datetime,
        *,
        proven_here: bool,
    ) -> dict[UUID, Asker]:
        chosen = {}
        for destination_id, askers in found.items():
            row = rows[destination_id]
            occasion = Occasion(
                cycle=row.cycle,
                now=now,
                interval_seconds=row.interval_seconds,
                before=row.claimed_at or row.checked_at,
            )
            candidates = [self._candidate(each, proven_here=proven_here) for each in askers]
            asker = whose_turn(candidates, occasion)
            if asker is not None:
                chosen[destination_id] = asker
        return chosen

    def _candidate(self, row: AskerRow, *, proven_here: bool) -> Candidate:
        asker = Asker(
            trunk_id=row.trunk_id,
            environment_id=row.environment_id,
            username=row.username,
            proven_here=proven_here,
        )
        return Candidate(asker, self._pace.interval_of(row.health_interval_seconds))
