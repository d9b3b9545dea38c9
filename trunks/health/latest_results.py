"""What a destination said last, and a new result for whoever asks."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sipcheck.reasons import Reason
from trunks.clock import Clock, utc_now
from trunks.models.destination_health import DestinationHealth
from trunks.repositories.health_rollups import EdgeCounts, HealthRollups
from trunks.repositories.liveness import LivenessRows
from trunks.rules.intervals import HealthIntervals
from trunks.store.database import Database

# Beyond its jitter, and the claim that a check waits for.
_LATE_SHARE = 1.5
# What an edge's counters are told of.
_COUNTED = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class LastAnswer:
    """What is told of the last answer that was read in full, to whoever has a trunk there: it names no account."""

    sip_status: int | None
    server: str | None
    retry_after: str | None
    read_at: datetime


@dataclass(frozen=True, slots=True)
class LastResult:
    """The latest result of a destination, a verification's or a check's."""

    alive: bool
    latency_ms: float | None
    checked_at: datetime
    reason: Reason
    sip_status: int | None
    interval_seconds: float
    next_check_at: datetime | None
    answer: LastAnswer | None = None

    @property
    def slowed(self) -> bool:
        """Whether the next check comes later than by the interval, since the carrier's ban filter may count it."""
        usual = timedelta(seconds=_LATE_SHARE * self.interval_seconds)
        return self.next_check_at is not None and self.next_check_at - self.checked_at > usual

    def stale(self, now: datetime) -> bool:
        """Whether two intervals have passed since."""
        return now - self.checked_at > timedelta(seconds=2 * self.interval_seconds)

    @property
    def error(self) -> str | None:
        """Why it is not alive, in a sentence; None while it is."""
        if self.alive:
            return None
        answered = "" if self.sip_status is None else f": it answered {self.sip_status}"
        return f"The carrier is not alive ({self.reason}){answered}."


class LatestResults:
    def __init__(self, database: Database, *, pace: HealthIntervals, clock: Clock = utc_now) -> None:
        self._database = database
        self._pace = pace
        self._clock = clock

    def ask(self, destination_ids: Sequence[UUID]) -> list[None]:
        """Ask for one result of each that counts towards no threshold, now; all who ask meanwhile share it."""
        with self._database.write() as session:
            LivenessRows(session).ask(
                destination_ids, interval_seconds=self._pace.interval_seconds, now=self._clock()
            )
        return [None for _ in destination_ids]

    def last_result(self, destination_id: UUID) -> LastResult | None:
        """Give the latest result of a destination; None when there was none yet."""
        return self.last_results([destination_id]).get(destination_id)

    def last_results(self, destination_ids: Collection[UUID]) -> Mapping[UUID, LastResult]:
        """Give the latest result of each of these that has one."""
        with self._database.read() as session:
            found = LivenessRows(session).all_of(set(destination_ids))
            results = {destination_id: _result(health) for destination_id, health in found.items()}
        return {destination_id: result for destination_id, result in results.items() if result is not None}

    def edges(self, destination_ids: Collection[UUID]) -> Sequence[EdgeCounts]:
        """Give what the checks of these destinations' edges came to within a day, this hour's among them."""
        with self._database.read() as session:
            return HealthRollups(session).edges_of(destination_ids, self._clock() - _COUNTED)

    def answered_since(self, asked: Mapping[UUID, datetime]) -> set[UUID]:
        """Which of these destinations have a result from the moment named or later, or will have none soon."""
        with self._database.read() as session:
            rows = LivenessRows(session)
            checked_at, given_up = rows.checked_at(asked), rows.unasked(asked)
        answered = {
            each for each, moment in asked.items() if each in checked_at and checked_at[each] >= moment
        }
        return answered | given_up


def _result(found: DestinationHealth) -> LastResult | None:
    if found.checked_at is None or found.reason is None:
        return None
    return LastResult(
        alive=bool(found.alive),
        latency_ms=found.latency_ms,
        checked_at=found.checked_at,
        reason=found.reason,
        sip_status=found.sip_status,
        interval_seconds=found.interval_seconds,
        next_check_at=found.next_check_at,
        answer=_answer(found),
    )


def _answer(found: DestinationHealth) -> LastAnswer | None:
    if found.facts is None or found.facts_at is None:
        return None
    return LastAnswer(
        found.facts_status, found.facts.get("Server"), found.facts.get("Retry-After"), found.facts_at
    )
