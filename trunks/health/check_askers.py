"""Whose turn it is to ask at destinations that are being claimed, and who has to be proven again first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.repositories.check_askers import AskerRow, CheckAskers
from trunks.repositories.check_candidates import DueRow
from trunks.repositories.proofs import Proofs
from trunks.rules.asking import Asker, Candidate, Occasion, Standing, is_doubted, whose_turn
from trunks.rules.intervals import HealthIntervals

# A check that is due waits no longer for a proof than this many of its intervals.
_LONGEST_WAIT_INTERVALS = 2


@dataclass(frozen=True, slots=True)
class Askers:
    """Who asks at each destination, where it is somebody's account; `waiting` are checks that a proof goes before."""

    of: dict[UUID, Asker] = field(default_factory=dict)
    waiting: set[UUID] = field(default_factory=set)


class AskerTurns:
    """Works inside the transaction that claims the checks."""

    def __init__(self, session: Session, pace: HealthIntervals) -> None:
        self._rows = CheckAskers(session)
        self._proofs = Proofs(session)
        self._pace = pace

    def choose(self, due: Sequence[DueRow], asked: Sequence[DueRow], now: datetime) -> Askers:
        """Say who asks: of those that are proven there whoever's turn it is; else of those whose user is known there.

        An account that alone is proven there is brought to be proven again every six hours, and at once where what
        answers is another: a check that is due waits for that, and one that somebody waits for counts it as unproven.
        """
        rows = {row.destination_id: row for row in (*due, *asked)}
        proven = dict(self._rows.proven([row.destination_id for row in due], begun=True))
        proven |= self._rows.proven([row.destination_id for row in asked], begun=False)
        askers = Askers(self._turns(rows, proven, now, proven_here=True))
        without = [destination_id for destination_id in rows if destination_id not in askers.of]
        askers.of.update(self._turns(rows, self._rows.known(without), now, proven_here=False))
        self._doubt(askers, rows, proven, {row.destination_id for row in due}, now)
        return askers

    def _turns(
        self,
        rows: Mapping[UUID, DueRow],
        found: Mapping[UUID, Sequence[AskerRow]],
        now: datetime,
        *,
        proven_here: bool,
    ) -> dict[UUID, Asker]:
        chosen = {}
        for destination_id, askers in found.items():
            row = rows[destination_id]
            candidates = [
                Candidate(
                    Asker(trunk_id=each.trunk_id, username=each.username, proven_here=proven_here),
                    self._pace.interval_of(each.health_interval_seconds),
                )
                for each in askers
            ]
            # One after the other needs an order that stays.
            candidates.sort(key=lambda each: each.asker.trunk_id)
            occasion = Occasion(
                cycle=row.cycle,
                now=now,
                interval_seconds=row.interval_seconds,
                before=row.claimed_at or row.checked_at,
            )
            asker = whose_turn(candidates, occasion)
            if asker is not None:
                chosen[destination_id] = asker
        return chosen

    def _doubt(
        self,
        askers: Askers,
        rows: Mapping[UUID, DueRow],
        proven: Mapping[UUID, Sequence[AskerRow]],
        due: set[UUID],
        now: datetime,
    ) -> None:
        to_prove = set()
        lonely_since = now - timedelta(seconds=self._pace.lonely_proof_seconds)
        for destination_id, (lonely, *others) in proven.items():
            if others:
                continue
            row = rows[destination_id]
            if self._is_doubted(lonely, row, now):
                to_prove.add(lonely.trunk_id)
                waits = Proofs.may_be_brought_forward(lonely.proof) and self._waits(row, now)
                if destination_id in due and waits:
                    askers.waiting.add(destination_id)
                elif destination_id in askers.of:
                    askers.of[destination_id] = replace(askers.of[destination_id], proven_here=False)
            elif lonely.tried_at <= lonely_since:
                to_prove.add(lonely.trunk_id)
        if to_prove:
            self._proofs.bring_forward(to_prove, now)

    def _is_doubted(self, lonely: AskerRow, row: DueRow, now: datetime) -> bool:
        if row.changed_at is None:
            return False
        standing = Standing(tried_at=lonely.tried_at, changed_at=row.changed_at)
        return is_doubted(standing, now, again_after_seconds=self._pace.proven_again_seconds)

    def _waits(self, row: DueRow, now: datetime) -> bool:
        longest = timedelta(seconds=_LONGEST_WAIT_INTERVALS * row.interval_seconds)
        return row.changed_at is not None and now < row.changed_at + longest
