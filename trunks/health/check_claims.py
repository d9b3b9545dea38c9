"""Health checks by destination: claimed when they are due, and given back."""

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from trunks.clock import Clock, utc_now
from trunks.health.check import CheckClaim
from trunks.health.check_askers import AskerTurns
from trunks.health.place_turns import place_turns
from trunks.ids import new_id
from trunks.repositories.check_candidates import CheckCandidates, DueRow
from trunks.repositories.check_places import CheckPlaces
from trunks.repositories.liveness import LivenessRows
from trunks.rules.asking import Asker
from trunks.rules.intervals import HealthIntervals, jittered
from trunks.store.database import Database

# Beyond a check's own deadline: for DNS, for its turn at the pace, and for the writing of its result.
LEASE_MARGIN_SECONDS = 10.0

# Somebody who asks for a result has no use for one that comes later.
ASKED_WAITS_SECONDS = 10.0

# What is overdue by more than its interval and this was due while no worker ran.
_OUTAGE_MARGIN = timedelta(seconds=10)

# A check takes the plain path as often, and what its answer says besides its status is kept.
_IN_FULL_SECONDS = 3600.0

# Trunks come, go and are edited: after so many cycles the shortest interval that a destination's ask for is found anew.
_CYCLES_PER_INTERVAL = 10


class CheckClaims:
    """Claims and schedules; what the results change is in trunks.health.check_results."""

    def __init__(
        self,
        database: Database,
        *,
        pace: HealthIntervals,
        probe_timeout_seconds: float,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._pace = pace
        self._lease = timedelta(seconds=probe_timeout_seconds + LEASE_MARGIN_SECONDS)
        self._clock = clock

    @property
    def lease_seconds(self) -> float:
        return self._lease.total_seconds()

    def claim(self, *, limit: int) -> list[CheckClaim]:
        """Claim due checks, at most one of a Request-URI host at an address within its spacing.

        A destination without a trunk is scheduled no longer. What was overdue for another reason than a lost worker is
        spread over one interval.
        """
        with self._database.question() as session:
            if not CheckCandidates(session).any_due(self._clock()):
                return []
        with self._database.write() as session:
            rows = CheckCandidates(session)
            rows.alone()
            now = self._clock()
            asked = rows.asked(now, limit=limit)
            due = rows.due(now, limit=limit - len(asked)) if len(asked) < limit else []
            asked, due = _inhabited(rows, asked, begun=False), _inhabited(rows, due, begun=True)
            due = self._spread_overdue(rows, due, now)
            turns = place_turns(CheckPlaces(session), due, asked, self._pace.host_spacing_seconds, now)
            rows.change(turns.later)
            askers = AskerTurns(session, self._pace).choose(turns.now, asked, now)
            due = self._without_waiting(rows, turns.now, askers.waiting, now)
            return self._claim(rows, asked, due, askers.of, now)

    def _spread_overdue(
        self, rows: CheckCandidates, due: Sequence[DueRow], now: datetime
    ) -> Sequence[DueRow]:
        """Spread over one interval what was due while no worker ran; give the rest, what a lost worker had among it."""
        # The longest overdue stands first.
        if not due or now - due[0].next_check_at <= _OUTAGE_MARGIN:
            return due
        overdue = {
            row.destination_id
            for row in due
            if row.lease_until is None
            and now - row.next_check_at > timedelta(seconds=row.interval_seconds) + _OUTAGE_MARGIN
        }
        rows.change(
            [
                {
                    "destination_id": row.destination_id,
                    "next_check_at": now + timedelta(seconds=row.interval_seconds * random.random()),  # noqa: S311
                    "due_since": row.due_since or row.next_check_at,
                }
                for row in due
                if row.destination_id in overdue
            ]
        )
        return [row for row in due if row.destination_id not in overdue]

    def _without_waiting(
        self, rows: CheckCandidates, due: Sequence[DueRow], waiting: Collection[UUID], now: datetime
    ) -> list[DueRow]:
        """Give those that need not wait for a proof; the others look again soon."""
        if not waiting:
            return list(due)
        soon = now + timedelta(seconds=self._pace.proof_look_seconds)
        rows.change(
            {
                "destination_id": row.destination_id,
                "next_check_at": soon,
                "due_since": row.due_since or row.next_check_at,
            }
            for row in due
            if row.destination_id in waiting
        )
        return [row for row in due if row.destination_id not in waiting]

    def _claim(
        self,
        rows: CheckCandidates,
        asked: Sequence[DueRow],
        due: Sequence[DueRow],
        askers: Mapping[UUID, Asker],
        now: datetime,
    ) -> list[CheckClaim]:
        found = (*asked, *due)
        intervals = self._change_intervals(
            rows, [row for row in found if row.cycle % _CYCLES_PER_INTERVAL == 0]
        )
        claim_id, lease_until = new_id(), now + self._lease
        rows.claim([row.destination_id for row in found], claim_id=claim_id, now=now, lease_until=lease_until)
        claims = []
        for row in found:
            scheduled = row.next_check_at is not None and row.next_check_at <= now
            interval_seconds = intervals.get(row.destination_id, row.interval_seconds)
            claims.append(
                CheckClaim(
                    destination_id=row.destination_id,
                    claim_id=claim_id,
                    cycle=row.cycle + 1,
                    claimed_at=now,
                    lease_until=lease_until,
                    domain=row.domain,
                    port=row.port,
                    transport=row.transport,
                    outbound_proxy=row.outbound_proxy,
                    interval_seconds=interval_seconds,
                    counts=scheduled,
                    asked=row.asked_at is not None,
                    options_ignored=row.options_ignored,
                    failures=row.failures,
                    held_failures=row.held_failures,
                    was_alive=row.answered_at is not None,
                    fell_lately=row.fell_at is not None
                    and now - row.fell_at <= timedelta(seconds=2 * interval_seconds),
                    in_full=_is_due_in_full(row, now),
                    due_since=(row.due_since or row.next_check_at) if scheduled else None,
                    asker=askers.get(row.destination_id),
                    answer_status=row.answer_status,
                    answer_server=row.answer_server,
                    answered_at=row.answered_at,
                    latency_ms=row.latency_ms,
                    good_text=row.good_text,
                    last_address=row.address,
                    edge_fell_at=row.edge_fell_at,
                    edge_held_failures=row.edge_held_failures,
                )
            )
        return claims

    def _change_intervals(self, rows: CheckCandidates, look: Sequence[DueRow]) -> dict[UUID, float]:
        """Find anew what the trunks of these ask for; give those of which it is another."""
        if not look:
            return {}
        asked = rows.intervals_asked([row.destination_id for row in look])
        changed = {}
        for row in look:
            wishes = asked.get(row.destination_id, ())
            seconds = min(map(self._pace.interval_of, wishes), default=row.interval_seconds)
            if seconds != row.interval_seconds:
                changed[row.destination_id] = seconds
        rows.change(
            {"destination_id": each, "interval_seconds": seconds} for each, seconds in changed.items()
        )
        return changed

    def postpone(self, waits: Sequence[tuple[CheckClaim, float]]) -> None:
        """Give claims back that sent nothing, each to be due in so many seconds; lost ones are left alone."""
        wait_seconds = {claim.destination_id: seconds for claim, seconds in waits}

        def later(claim: CheckClaim, now: datetime) -> dict[str, Any]:
            wait = timedelta(seconds=wait_seconds[claim.destination_id])
            late = {"next_check_at": now + wait, "due_since": claim.due_since}
            # Whoever asked for a result waits no longer than a caller does.
            given_up = {"asked_at": None} if wait.total_seconds() > ASKED_WAITS_SECONDS else {}
            return {"claimed_at": None} | given_up | (late if claim.counts else {})

        self._free([claim for claim, _ in waits], later)

    def renew(self, claims: Sequence[CheckClaim]) -> None:
        """Begin the leases of these anew, while their results wait to be written; lost ones stay lost."""
        if not claims:
            return
        with self._database.write() as session:
            rows = LivenessRows(session)
            ours = rows.claimed(claims)
            lease_until = self._clock() + self._lease
            rows.change([{"destination_id": each, "lease_until": lease_until} for each in sorted(ours)])

    def release(self, claims: Sequence[CheckClaim]) -> None:
        """Give claims back at once, as a worker that stops does; their requests may have left."""
        self._free(claims, lambda claim, now: {})

    def _free(
        self, claims: Sequence[CheckClaim], more: Callable[[CheckClaim, datetime], dict[str, Any]]
    ) -> None:
        if not claims:
            return
        with self._database.write() as session:
            now = self._clock()
            rows = LivenessRows(session)
            ours = rows.claimed(claims)
            rows.change(
                {"destination_id": claim.destination_id, "claim_id": None, "lease_until": None}
                | more(claim, now)
                for claim in claims
                if claim.destination_id in ours
            )


def _is_due_in_full(row: DueRow, now: datetime) -> bool:
    """Whether its answer was looked at in full an hour ago, or never; in another minute for each."""
    if row.facts_at is None:
        return True
    wait = timedelta(seconds=jittered(_IN_FULL_SECONDS, random.random()))  # noqa: S311 - spreads work
    return bool(now - row.facts_at >= wait or row.facts_at > now)


def _inhabited(rows: CheckCandidates, found: Sequence[DueRow], *, begun: bool) -> Sequence[DueRow]:
    """Give those that a trunk leads to; the others are scheduled no longer."""
    without = [row.destination_id for row in found if not row.inhabited]
    if not without:
        return found
    # One that began as they were being found is seen now.
    ended = set(without) - rows.with_trunks(without, begun=begun)
    rows.change(
        {"destination_id": each, "next_check_at": None, "due_since": None, "asked_at": None} for each in ended
    )
    return [row for row in found if row.destination_id not in ended]
