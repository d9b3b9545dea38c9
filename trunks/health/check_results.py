"""Results of health checks, applied to all trunks that share a destination: set-based, fenced by the cycle.

A destination has a row (trunks.models.destination_health). It is *due*, *claimed* for one cycle by a lease
(trunks.health.check_claims), and due again once settle() has written what the cycle came to, in these steps:

    1. What counts is chosen: scheduled checks, not those that somebody asked for in between, whose result says
       something of the carrier and not of our resolver or ourselves.
    2. The breaker may hold failures back (trunks.health.breaker), of an edge in use too, where another one answers. A
       held failure changes no trunk; it is counted at its destination, and counts beside the next failure when the
       hold has ended. Those of edges are counted where calls are led by them (trunks.runs.ways.checks).
    3. The others are grouped by what they do: well, degraded, failed so many times. For each group the trunks that it
       may change are read in chunks, sorted by their state, and the rule (trunks.rules.health) is asked once for each
       state; trunks that are alike are written by one statement, their flips by another.
    4. The destinations' rows are written, whatever they came to: the result, failures in a row, the next check's time,
       the end of the lease; and the hour's rollups.

Who may do what. Any number of workers settle at the same time. Only the destination of a trunk's first gateway changes
the trunk; what the others answered last is looked up. A trunk's row is locked before its destination's, and rows of a
kind in the order of their ids, by all writers. Each transaction first asks which of its claims nobody else has since,
by (destination, claim, cycle), locks those and leaves the others alone.

What a crash leaves. Before step 4 the claim is open, and the destination is checked again when its lease is over. The
chunks of step 3 that were committed stay: their trunks have counted the lost cycle, and count the repeated one as well.
A state is never written twice: a trunk that is down already is in no group that takes it down.
"""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.reasons import CredentialState
from trunks.clock import Clock, utc_now
from trunks.health.alive_as_before import addresses_text, is_as_before, keep_as_before
from trunks.health.answer_values import first_failure, values_of_answer, values_of_good
from trunks.health.breaker import Breaker
from trunks.health.check import CheckResult
from trunks.health.edge_falls import EdgeFalls
from trunks.repositories.affected_trunks import AffectedTrunks, Cycle
from trunks.repositories.among import chunk_rows
from trunks.repositories.health_rollups import CountedCheck, HealthRollups
from trunks.repositories.liveness import Found, LivenessRows
from trunks.repositories.trunks import Flips
from trunks.rules.asking import seen_by_all
from trunks.rules.health import CheckOutcome, after_check, says_nothing
from trunks.rules.intervals import HealthIntervals, jittered
from trunks.rules.mass_failure import CANARY_INTERVAL
from trunks.rules.trunk_state import Cause, Policy, TrunkState, changes
from trunks.store.database import Database


@dataclass(frozen=True, slots=True)
class _Group:
    """What the cycle of some destinations does to their trunks; `failures` with those that were held back."""

    cycle: Cycle
    failures: int = 0


@dataclass(frozen=True, slots=True)
class _Step:
    """What the rule is asked with: the state of trunks that are alike, and of their other gateways."""

    old: TrunkState
    credentials_rejected: bool
    others: int
    others_living: int


class CheckResults:
    """A result whose claim was lost changes nothing."""

    def __init__(
        self,
        database: Database,
        breaker: Breaker,
        edge_falls: EdgeFalls,
        *,
        policy: Policy,
        pace: HealthIntervals,
        lease_seconds: float,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._breaker = breaker
        self._edge_falls = edge_falls
        self._lease = timedelta(seconds=lease_seconds)
        self._policy = policy
        self._pace = pace
        self._clock = clock

    def settle(self, results: Sequence[CheckResult]) -> int:
        """Apply results and schedule what follows; give the number of flips. Raises StoreUnavailable."""
        counting = [result for result in results if result.claim.counts and _says_something(result)]
        lost = self._edge_falls.of(counting)
        held = self._breaker.held(
            [result for result in counting if not result.alive or result.is_partly_silent], lost
        )
        groups: dict[_Group, list[CheckResult]] = defaultdict(list)
        for result in counting:
            if result.claim.destination_id not in held:
                groups[_group(result)].append(result)
        flips = sum(self._apply(group, members) for group, members in groups.items())
        self._finish(results, held, lost)
        return flips

    def _apply(self, group: _Group, results: Sequence[CheckResult]) -> int:
        """Flip the trunks of these destinations, a chunk in each transaction."""
        claims = {result.claim.destination_id: result.claim for result in results}
        after: UUID | None = None
        flips = 0
        while True:
            with self._database.write() as session:
                limit = chunk_rows(session)
                rows = AffectedTrunks(session).page(group.cycle, claims, after=after, limit=limit)
                if rows:
                    liveness = LivenessRows(session)
                    ours = liveness.claimed(claims.values())
                    # A carrier with a million trunks takes longer than a lease.
                    lease_until = self._clock() + self._lease
                    liveness.change([{"destination_id": each, "lease_until": lease_until} for each in ours])
                    flips += self._flip(session, group, [row for row in rows if row.destination_id in ours])
            if len(rows) < limit:
                return flips
            after = rows[-1].id

    def _flip(self, session: Session, group: _Group, rows: Sequence[Found]) -> int:
        """Write the same state to all trunks that are alike; the rule is asked once for them."""
        alike: dict[_Step, list[Found]] = defaultdict(list)
        for row in rows:
            alike[_step(row)].append(row)
        now = self._clock()
        trunks = AffectedTrunks(session)
        flips = 0
        for step, members in alike.items():
            new = after_check(
                step.old,
                _outcome(group, step),
                self._policy,
                credentials_rejected=step.credentials_rejected,
            )
            if new == step.old:
                continue
            changed = changes(step.old, new)
            trunks.change([row.id for row in members], new, now, shown=bool(changed))
            if changed:
                generations = {row.id: row.generation for row in members}
                Flips(session).record(generations, Cause.HEALTH, changed, now)
                flips += len(members)
        return flips

    def _finish(self, results: Sequence[CheckResult], held: set[UUID], lost: Mapping[UUID, str]) -> None:
        with self._database.write() as session:
            now = self._clock()
            rows = LivenessRows(session)
            ours = rows.claimed(result.claim for result in results)
            kept = [result for result in results if result.claim.destination_id in ours]
            as_before = [
                (result, now + timedelta(seconds=self._next_seconds(result, is_held=False)))
                for result in kept
                if is_as_before(result)
            ]
            keep_as_before(rows, as_before, now)
            rows.change(
                self._values(result, held, now) | _edge_values(result, held, lost, now)
                for result in kept
                if not is_as_before(result)
            )
            checks = [check for result in kept if _says_something(result) for check in _counted(result)]
            HealthRollups(session).add(checks, now.replace(minute=0, second=0, microsecond=0))

    def _values(self, result: CheckResult, held: set[UUID], now: datetime) -> dict[str, Any]:
        claim = result.claim
        values: dict[str, Any] = {
            "destination_id": claim.destination_id,
            "claim_id": None,
            "lease_until": None,
            "asked_at": None,
            "alive": result.alive,
            "some_dead": result.some_dead,
            "reason": result.reason,
            "sip_status": result.sip_status,
            "latency_ms": result.latency_ms,
            "checked_at": now,
        }
        if result.facts is not None and result.sip_status is not None:
            values |= {
                "facts": seen_by_all(result.facts, claim.asker),
                "facts_status": result.sip_status,
                "facts_at": now,
            }
        if result.edge_addresses:
            values["edge_addresses"] = addresses_text(result)
        if not claim.counts:
            return values
        values["due_since"] = None
        is_held = claim.destination_id in held
        values["next_check_at"] = now + timedelta(seconds=self._next_seconds(result, is_held=is_held))
        if not _says_something(result):
            return values
        # A name that leads nowhere any more is counted at the address that it led to.
        values["address"] = result.address or claim.last_address
        values |= values_of_answer(result, now)
        values["failures"] = 0 if result.alive else claim.failures + 1
        values["held_failures"] = claim.held_failures + 1 if is_held and not result.alive else 0
        if result.alive:
            values["answered_at"] = now
            values["fell_at"] = None
            values |= values_of_good(result)
        elif claim.was_alive and claim.failures == 0:
            values["fell_at"] = now
            values["first_failure"] = first_failure(result, now).kept()
        return values

    def _next_seconds(self, result: CheckResult, *, is_held: bool) -> float:
        interval_seconds = max(result.claim.interval_seconds, result.next_seconds or 0.0)
        if is_held:
            soon = max(self._pace.host_spacing_seconds, CANARY_INTERVAL.total_seconds())
            interval_seconds = min(interval_seconds, soon)
        return jittered(interval_seconds, random.random())  # noqa: S311 - spreads work


def _edge_values(
    result: CheckResult, held: set[UUID], lost: Mapping[UUID, str], now: datetime
) -> dict[str, Any]:
    """What is kept of an edge in use that fell, while another answers; nothing, where it is as it was."""
    claim = result.claim
    if not claim.counts or not _says_something(result):
        return {}
    values: dict[str, Any] = {}
    failures = claim.edge_held_failures + 1 if result.alive and claim.destination_id in held else 0
    if failures != claim.edge_held_failures:
        values["edge_held_failures"] = failures
    if claim.destination_id in lost:
        values |= {"edge_fell_at": now, "edge_fell_address": lost[claim.destination_id]}
    elif result.alive and not result.is_partly_silent and claim.edge_fell_at is not None:
        values |= {"edge_fell_at": None, "edge_fell_address": None}
    return values


def _says_something(result: CheckResult) -> bool:
    return result.alive or not says_nothing(result.reason)


def _counted(result: CheckResult) -> list[CountedCheck]:
    """Where a check is counted: with its only edge, or with its destination and with each of the edges."""
    destination_id = result.claim.destination_id
    is_alone = len(result.edges) == 1
    edges = [
        CountedCheck(destination_id, each.edge, is_alone, each.alive, each.latency_ms)
        for each in result.edges
    ]
    if is_alone:
        return edges
    return [CountedCheck(destination_id, "", True, result.alive, result.latency_ms), *edges]


def _group(result: CheckResult) -> _Group:
    if not result.alive:
        # What was held back counts now, beside this one.
        return _Group(Cycle.FAILED, 1 + result.claim.held_failures)
    return _Group(Cycle.DEGRADED if result.some_dead else Cycle.WELL)


def _outcome(group: _Group, step: _Step) -> CheckOutcome:
    """What the cycle says of a trunk whose other gateways answered or not when they were asked last."""
    if group.cycle is Cycle.FAILED:
        if step.others_living:
            return CheckOutcome(alive=True, some_dead=True)
        return CheckOutcome(alive=False, failures=group.failures)
    return CheckOutcome(
        alive=True, some_dead=group.cycle is Cycle.DEGRADED or step.others_living < step.others
    )


def _step(row: Found) -> _Step:
    state = TrunkState(
        wanted=row.wanted,
        is_verified=row.is_verified,
        health_down=row.health_down,
        health_status=row.health_status,
        failed_checks=row.failed_checks,
        answered_checks=row.answered_checks,
    )
    return _Step(state, row.credentials is CredentialState.REJECTED, row.others, row.others_living)
