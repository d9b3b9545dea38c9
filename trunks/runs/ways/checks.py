"""What health checks say of the ways of calls: edges that fall and come back, names that lead where no call may go.

See docs/design/infrastructure.md, "Failover" and "The guard's last word".
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.guard import FORBIDDEN
from trunks.clock import Clock
from trunks.health.check import CheckResult
from trunks.models.provision import Infrastructure
from trunks.repositories.form_proofs import FormProofs, HeardForm
from trunks.repositories.liveness import LivenessRows
from trunks.repositories.mass_falls import MassFalls
from trunks.repositories.provisions import Infrastructures
from trunks.repositories.watched_finding import WatchedFinding
from trunks.repositories.way_findings import WayFindings
from trunks.rules.edge_watch import after_check, held_back
from trunks.rules.health import says_nothing
from trunks.rules.resolver_lie import ResolverLie, confirmed_after, judge
from trunks.runs.result_rules import WayRules
from trunks.store.database import Database


@dataclass(frozen=True, slots=True)
class WayChecks:
    """Called where results of checks are settled; a trunk's way follows by trunks.runs.ways.turns.

    `threshold` is how many failed checks in a row take an edge away, `interval_seconds` how often a destination is
    checked whose trunks ask for nothing else.
    """

    database: Database
    rules: WayRules | None
    threshold: int
    interval_seconds: float
    clock: Clock

    def note(self, results: Sequence[CheckResult], heard: Sequence[HeardForm] = ()) -> None:
        """Take what checks came to, and answers to forms. Raises StoreUnavailable."""
        told = {each.claim.destination_id: each for each in results if each.claim.counts}
        if self.rules is None or not (told or heard):
            return
        with self.database.read() as session:
            held = _held_back(session, told)
            known = WayFindings(session).watched(told.keys())
        # Of one that never answered nothing is known until it leads where no call may go.
        begun = {each for each, result in told.items() if each not in known and _is_suspicious(result)}
        if not heard and not begun and not self._changes(known, told, held):
            return
        with self.database.write() as session:
            findings, now = WayFindings(session), self.clock()
            findings.begin(begun, now)
            changed = FormProofs(session).hear(heard, now)
            before = findings.watched(told.keys(), lock=True)
            for destination_id, after in self._changes(before, told, held).items():
                findings.write_watch(after)
                if after.leads_otherwise(before[destination_id]):
                    changed.add(destination_id)
            findings.make_stale(changed, now)

    def tend(self) -> int:
        """Park what leads where no call may go, or calls astray; give how many destinations are held back.

        Raises StoreUnavailable.
        """
        if self.rules is None:
            return 0
        now, provisioner = self.clock(), self.rules.provisioner
        with self.database.read() as session:
            waiting = WayFindings(session).forbidden()
            if not waiting:
                return 0
            due = MassFalls(session).due_since(now - timedelta(seconds=self.interval_seconds))
            before = _lie_of(Infrastructures(session).find(provisioner))
        verdict = judge(waiting, due, before, now, wait=confirmed_after(self.interval_seconds))
        if verdict.confirmed or verdict.lie is not None:
            with self.database.write() as session:
                findings = WayFindings(session)
                findings.make_stale(findings.confirm(verdict.confirmed), now)
                _keep_lie(Infrastructures(session).ensure(provisioner), verdict.lie)
        return verdict.held

    def _changes(
        self,
        known: Mapping[UUID, WatchedFinding],
        told: Mapping[UUID, CheckResult],
        held: Collection[UUID],
    ) -> dict[UUID, WatchedFinding]:
        found = {}
        for destination_id, before in known.items():
            after = self._after(before, told[destination_id], is_held=destination_id in held)
            if after != before:
                found[destination_id] = after
        return found

    def _after(self, before: WatchedFinding, result: CheckResult, *, is_held: bool) -> WatchedFinding:
        now = self.clock()
        if result.reason in FORBIDDEN:
            return before.forbidden_from(now)
        seen = {each.edge: each.alive for each in result.edges}
        if not result.alive and not seen and not says_nothing(result.reason):
            # A name that leads nowhere any more: whatever it led to cannot be called by it.
            seen = dict.fromkeys(before.watch.edges.keys() | before.living(), False)
        if is_held:
            after = held_back(before.watch, seen, before.living(), threshold=self.threshold)
        else:
            after = after_check(
                before.watch,
                seen,
                now,
                threshold=self.threshold,
                answered=before.living(),
                is_whole=result.is_whole,
                ttl=None if result.ttl_seconds is None else timedelta(seconds=result.ttl_seconds),
            )
        seen_now = before.watched_now(after, is_clean=result.alive)
        return seen_now if result.dialled is None else seen_now.dialled_now(result.dialled, now)


def _lie_of(row: Infrastructure | None) -> ResolverLie | None:
    if row is None or row.lie_began_at is None or row.lie_seen_at is None:
        return None
    return ResolverLie(row.lie_began_at, row.lie_seen_at)


def _keep_lie(row: Infrastructure, lie: ResolverLie | None) -> None:
    if lie is not None:
        row.lie_began_at, row.lie_seen_at = lie.began_at, lie.seen_at


def _held_back(session: Session, told: Mapping[UUID, CheckResult]) -> set[UUID]:
    """Give the destinations whose silence counts later, once the fault is seen to be none of ours.

    While a mass fall is held that is all silence, but what the breaker held back once and lets go now.
    """
    silent = {each: result for each, result in told.items() if _tells_of_silence(result)}
    if not silent:
        return set()
    held = LivenessRows(session).held_among(silent.keys())
    if MassFalls(session).open() is None:
        return held
    return held | {each for each, result in silent.items() if not _was_held(result)}


def _was_held(result: CheckResult) -> bool:
    return bool(result.claim.held_failures or result.claim.edge_held_failures)


def _tells_of_silence(result: CheckResult) -> bool:
    silent = not result.alive or result.is_partly_silent
    return silent and result.reason not in FORBIDDEN


def _is_suspicious(result: CheckResult) -> bool:
    return result.reason in FORBIDDEN or (result.dialled is not None and result.dialled.astray is not None)
