"""Runs as the worker has them: claimed by a lease, every write fenced by the claim.

A run is *queued*, *running* or *done*.

    queued  → running   claim(): rows that are due are locked, those that another has locked left to him, and made ours
                        with a lease each, which lasts as long as the engine's deadline and 10 s
    running → running   send_credentials(): `auth_sent_at` is committed before credentials leave
    running → done      finish(): the report and all that follows from it, in one transaction
    running → queued    trunks.runs.recovery: given back by a worker that stops, or whose turn has not come; or the
                        lease is over and no credentials had left
    running → done      trunks.runs.recovery: given back, or the lease is over, after credentials had left; the run ends
                        as cancelled, since they go out once, and one more run is queued for a minute later

Who may do what. Anybody may queue a run (trunks.runs.queue); whoever claims it alone writes to it, by naming its
claim: a write of a worker whose lease was over, and whose run another has, changes no row and says so. All is done
for many runs at once, each of which is answered by itself. Rows are locked in one order by all writers: buckets,
freezes, trunks, runs, destinations, and those of a kind by their keys. A claim alone locks runs before their trunks,
and waits for neither: what is locked is left for the next one. Recovery locks runs before freezes: beside a late
result PostgreSQL breaks one of the two off, and it comes again. A report on an older generation of the trunk's
configuration is kept as the run's, and changes nothing of the trunk; what it says of the credentials that were sent
holds all the same, for those are known by their own hash.

What a crash leaves. Before the claim commits: a queued row, which every worker finds by itself within a second. While
the engine runs: a running row, taken back within 5 s of the lease's end. Between the commit of `auth_sent_at` and the
answer: nobody knows whether the carrier refused the credentials, so nothing scheduled sends them for a while
(trunks.runs.credential_freeze). After the engine's report and before finish(): the same, and the report is lost.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.diagnosis.evidence import Proof
from sipcheck.reasons import Reason
from sipcheck.verification.calling.options import CallIdentity
from trunks.clock import Clock, utc_now
from trunks.errors import RunPostponed, StoreBusy
from trunks.ids import new_id
from trunks.models.verification import RequestedBy, WayIn
from trunks.repositories.outbound_ways import OutboundWays
from trunks.repositories.phone_numbers import PhoneNumbers
from trunks.repositories.run_turns import Due, RunTurns
from trunks.repositories.trunk_profiles import TrunkProfiles
from trunks.repositories.trunks import TrunkRow, Trunks
from trunks.repositories.verifications import Verifications
from trunks.rules.profile import PLAIN
from trunks.runs.address_limits import AddressLimits
from trunks.runs.claimed_run import ClaimedRun, claimed_gateways, proven_at
from trunks.runs.credential_freeze import CredentialFreezer, Refusal
from trunks.runs.result_rules import ResultRules
from trunks.runs.results import RunResult, RunResults
from trunks.runs.sending import Departure, Intent
from trunks.runs.turns import Turns
from trunks.store.database import LOCK_WAIT_MS, Database

# Beyond the engine's deadline, for what comes before and after it.
LEASE_MARGIN_SECONDS = 10.0

_NEVER = datetime.min.replace(tzinfo=UTC)


class Claimed(NamedTuple):
    """What was claimed, and whether more may be claimed at once: what was left, or locked by another."""

    runs: list[ClaimedRun]
    more: bool


class RunClaims:
    def __init__(
        self,
        database: Database,
        *,
        rules: ResultRules,
        address_limits: AddressLimits,
        deadline_seconds: float,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._rules = rules
        self._address_limits = address_limits
        self._lease = timedelta(seconds=deadline_seconds + LEASE_MARGIN_SECONDS)
        self._clock = clock
        self._turns = Turns()

    def turn(self) -> AbstractContextManager[Any]:
        """What a transaction that writes has to wait for."""
        return self._database.turn()

    def claim(self, *, limit: int, rung: bool = False) -> Claimed:
        """Make runs ours that are due and that nobody else has, in turn; `rung` says that one is expected."""
        now = self._clock()
        if not rung:
            with self._database.question() as session:
                if not RunTurns(session).any_due(now):
                    return Claimed([], more=False)
        # Where a crash of the server forgets a claim, no password leaves by it, and no result is written (decision 37).
        with self._database.write(lock_wait_ms=LOCK_WAIT_MS, flushed=False) as session:
            found, more = self._turns.due(RunTurns(session), now, limit=limit)
            runs = self._claim(session, found, now)
            return Claimed(runs, more=more or len(runs) < len(found))

    def _claim(self, session: Session, runs: Sequence[Due], now: datetime) -> list[ClaimedRun]:
        """Claim runs that this transaction has locked, but for those whose trunk another keeps."""
        trunks = Trunks(session)
        steady = trunks.steady_among({run.trunk_id for run in runs})
        runs = [run for run in runs if run.trunk_id in steady]
        if not runs:
            return []
        found = trunks.gateways_of(steady.keys())
        gateways = {trunk_id: claimed_gateways(trunk, found[trunk_id]) for trunk_id, trunk in steady.items()}
        calling = [trunk_id for trunk_id, trunk in steady.items() if trunk.proof is Proof.INVITE]
        callers, stated = _callers(session, calling)
        ways = OutboundWays(session).of(calling)
        lease_until = now + self._lease
        claims = [
            ClaimedRun(
                verification_id=run.id,
                claim_id=new_id(),
                environment_id=run.environment_id,
                generation=steady[run.trunk_id].generation,
                claimed_at=now,
                lease_until=lease_until,
                gateways=gateways[run.trunk_id],
                request_id=run.request_id,
                explicit=run.requested_by in (RequestedBy.CUSTOMER, RequestedBy.RETRY),
                scheduled=run.requested_by in (RequestedBy.SCHEDULE, RequestedBy.RETRY),
                on_demand=run.way_in is WayIn.ON_DEMAND,
                put_off=run.due_at > run.requested_at,
                learned_realms=_realms_to_expect(run, steady[run.trunk_id], found[run.trunk_id][0]),
                proven_at=proven_at(found[run.trunk_id], steady[run.trunk_id].generation),
                proof_order=_longest_ago(found[run.trunk_id])
                if run.requested_by is RequestedBy.SCHEDULE
                else (),
                proof=steady[run.trunk_id].proof,
                caller=callers.get(run.trunk_id),
                stated=stated.get(run.trunk_id),
                way=ways.get(run.trunk_id),
            )
            for run in runs
        ]
        Verifications(session).claim(
            [
                {"id": claim.verification_id, "claim_id": claim.claim_id, "generation": claim.generation}
                for claim in claims
            ],
            {"claimed_at": now, "lease_until": lease_until},
        )
        return claims

    def standing(self, intents: Sequence[Intent]) -> list[datetime | RunPostponed | None]:
        """Say of each run until when it may send nothing; None when it may begin, and RunPostponed while nobody knows
        what became of its credentials at their last sending.
        """
        with self._database.question() as session:
            return CredentialFreezer(session).standing(intents, self._clock())

    def send_credentials(self, departures: Sequence[Departure]) -> list[bool | Refusal]:
        """Commit that credentials leave now, from these runs alone.

        Each is answered with false when its claim is lost, and with what stands against it: they must not leave then.
        """
        with self._database.write(lock_wait_ms=LOCK_WAIT_MS) as session:
            now, freezer = self._clock(), CredentialFreezer(session)
            refusals = freezer.judge(departures, now)
            fenced = {
                each.claim.verification_id: each.claim.claim_id
                for each, refusal in zip(departures, refusals, strict=True)
                if refusal is None and now < each.claim.lease_until
            }
            ours = Verifications(session).record_sent(fenced, now)
            answers = [
                each.claim.verification_id in ours if refusal is None else refusal
                for each, refusal in zip(departures, refusals, strict=True)
            ]
            freezer.hold([each for each, answer in zip(departures, answers, strict=True) if answer is True])
            return answers

    def finish(self, results: Sequence[RunResult]) -> list[bool | StoreBusy]:
        """Record reports and what they change, all or nothing.

        Each is answered with false when its claim is lost, and with StoreBusy when its trunk is locked: nothing of that
        one is written. A report on an older configuration is kept, and changes nothing. What it says about the
        credentials that were sent holds all the same.
        """
        with self._database.write(lock_wait_ms=LOCK_WAIT_MS) as session:
            return RunResults(session, self._rules, self._address_limits).write(results, self._clock())


def _longest_ago(gateways: Sequence[TrunkRow]) -> tuple[int, ...]:
    """The gateways by when the credentials had their turn there, those first that never had it."""
    return tuple(sorted(range(len(gateways)), key=lambda number: gateways[number].tried_at or _NEVER))


def _callers(session: Session, trunk_ids: Sequence[UUID]) -> tuple[Mapping[UUID, str], Mapping[UUID, str]]:
    """The numbers that stand in From, and of the trunks that call as their user those that are stated beside it."""
    if not trunk_ids:
        return {}, {}
    profiles = TrunkProfiles(session).of_all(trunk_ids)
    numbers = PhoneNumbers(session).callers_of(trunk_ids)
    as_users = {
        trunk_id
        for trunk_id in trunk_ids
        if profiles.get(trunk_id, PLAIN).caller_identity is CallIdentity.USERNAME
    }
    return (
        {trunk_id: number for trunk_id, number in numbers.items() if trunk_id not in as_users},
        {trunk_id: number for trunk_id, number in numbers.items() if trunk_id in as_users},
    )


def _realms_to_expect(run: Due, trunk: TrunkRow, first: TrunkRow) -> tuple[str, ...]:
    """The learned realms; none where the customer's last run said that they changed, and he asks again (decision 7)."""
    if trunk.auth_realm is not None or first.learned_realms is None:
        return ()
    if run.requested_by is RequestedBy.CUSTOMER and first.last_reason is Reason.REALM_MISMATCH:
        return ()
    return tuple(first.learned_realms)
