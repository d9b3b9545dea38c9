"""Runs as the worker has them: claimed by a lease, every write fenced by the claim.

A run is *queued*, *running* or *done*.

    queued  → running   claim(): the row is due, and one conditional update makes it ours with a lease, which lasts as
                        long as the engine's deadline and 10 s
    running → running   record_credentials_sent(): `auth_sent_at` is committed before credentials leave
    running → done      finish(), end_for_ourselves(): the report and all that follows from it, in one transaction
    running → queued    trunks.runs.recovery: given back by a worker that stops, or whose turn has not come; or the
                        lease is over and no credentials had left
    running → done      trunks.runs.recovery: given back, or the lease is over, after credentials had left; the run ends
                        as cancelled, since they go out once, and one more run is queued for a minute later

Who may do what. Anybody may queue a run (trunks.runs.queue); whoever claims it alone writes to it, by naming its
claim: a write of a worker whose lease was over, and whose run another has, changes no row and says so. The trunk's row
is locked before the run's, which is the order of all writers. A report on an older generation of the trunk's
configuration is kept as the run's, and changes nothing of the trunk; what it says of the credentials that were sent
holds all the same, for those are known by their own hash.

What a crash leaves. Before the claim commits: a queued row, for which another message is sent. While the engine runs:
a running row, taken back within 5 s of the lease's end. Between the commit of `auth_sent_at` and the answer: nobody
knows whether the carrier refused the credentials, so nothing scheduled sends them for 15 minutes
(trunks.runs.credential_freeze). After the engine's report and before finish(): the same, and the
report is lost.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.reasons import CredentialState, Outcome, Reason, WarningCode
from sipcheck.report.model import Report
from trunks.clock import Clock, utc_now
from trunks.health.verification_liveness import VerificationLiveness
from trunks.ids import new_id
from trunks.models.state_columns import read_state
from trunks.models.trunk import Trunk
from trunks.models.verification import RequestedBy, Verification
from trunks.repositories.realm_pins import RealmPins
from trunks.repositories.trunks import Trunks
from trunks.repositories.verifications import Verifications
from trunks.rules.intervals import HealthIntervals
from trunks.rules.trunk_state import Cause, Policy, Verdict, after_verification, counts_as_verified
from trunks.runs.claimed_run import ClaimedGateway, ClaimedRun, claimed_gateways
from trunks.runs.credential_freeze import CredentialFreezer, CredentialKeys
from trunks.runs.credential_proofs import next_proof_at
from trunks.runs.service_report import service_report
from trunks.runs.several_gateways import SeveralReport
from trunks.runs.stored_report import done_values
from trunks.store.database import Database

# Beyond the engine's deadline, for what comes before and after it.
LEASE_MARGIN_SECONDS = 10.0


class RunClaims:
    def __init__(
        self,
        database: Database,
        *,
        policy: Policy,
        deadline_seconds: float,
        health_pace: HealthIntervals,
        proof_interval_seconds: float,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._policy = policy
        self._health_pace = health_pace
        self._proof_interval_seconds = proof_interval_seconds
        self._lease = timedelta(seconds=deadline_seconds + LEASE_MARGIN_SECONDS)
        self._clock = clock

    def claim(self, verification_id: UUID) -> ClaimedRun | None:
        """Make a due run ours; None when another has it, it is done, or it is not due."""
        with self._database.write() as session:
            runs = Verifications(session)
            trunk_id = runs.trunk_of(verification_id)
            trunk = None if trunk_id is None else Trunks(session).steady(trunk_id)
            if trunk is None:
                return None
            now = self._clock()
            claim_id, lease_until = new_id(), now + self._lease
            values = {
                "claim_id": claim_id,
                "claimed_at": now,
                "lease_until": lease_until,
                "generation": trunk.generation,
            }
            if not runs.claim(verification_id, now, values):
                return None
            run = session.get_one(Verification, verification_id)
            gateways = claimed_gateways(trunk)
            explicit = run.requested_by is RequestedBy.CUSTOMER
            return ClaimedRun(
                verification_id=verification_id,
                claim_id=claim_id,
                generation=trunk.generation,
                claimed_at=now,
                lease_until=lease_until,
                gateways=gateways,
                request_id=run.request_id,
                explicit=explicit,
                scheduled=run.requested_by is RequestedBy.SCHEDULE,
                learned_realms=_realms_to_expect(session, trunk, gateways[0], explicit=explicit),
            )

    def frozen_until(
        self, claim: ClaimedRun, account_key: str, configured_key: str | None
    ) -> datetime | None:
        """Say until when this run may send nothing; None when it may. The keys are trunks.secrets.credential_key's.

        Raises RunPostponed.
        """
        with self._database.read() as session:
            return CredentialFreezer(session).standing(
                account_key, configured_key, self._clock(), explicit=claim.explicit
            )

    def record_credentials_sent(self, claim: ClaimedRun, keys: CredentialKeys) -> bool:
        """Commit that credentials leave now, from this run alone; false when the claim is lost, and they must not.

        Raises CredentialsFrozen, CredentialsClaimed.
        """
        with self._database.write() as session:
            now = self._clock()
            ours = now < claim.lease_until and Verifications(session).change_claimed(
                claim.verification_id, claim.claim_id, {"auth_sent_at": now}
            )
            if ours:
                CredentialFreezer(session).claim(
                    keys, claim.claim_id, now, claim.lease_until, explicit=claim.explicit
                )
            return ours

    def finish(self, claim: ClaimedRun, report: Report, realms: Collection[str] = ()) -> bool:
        """Record the report and what it changes, all or nothing; false when the claim is lost.

        A report on an older configuration is kept, and changes nothing. What it says about the credentials that
        were sent, to `realms`, holds all the same.
        """
        with self._database.write() as session:
            self._learn(session, claim, report, realms)
            trunk = Trunks(session).locked(claim.first.trunk_id)
            if trunk is None:
                return False
            current = trunk.generation == claim.generation
            verdict = _verdict(report)
            ended = Verifications(session).change_claimed(
                claim.verification_id,
                claim.claim_id,
                {
                    **done_values(report),
                    "finished_at": self._clock(),
                    "counted": current and counts_as_verified(verdict, self._policy),
                },
            )
            if ended and current:
                self._apply(session, trunk, claim, report, verdict)
            return ended

    def _learn(self, session: Session, claim: ClaimedRun, report: Report, realms: Collection[str]) -> None:
        now = self._clock()
        CredentialFreezer(session).finish(claim.claim_id, report, now)
        first = claim.first
        proven = report.credentials is CredentialState.PROVEN and realms
        if proven and first.username is not None and first.auth_realm is None:
            RealmPins(session).learn(first.destination_id, first.username, realms, now)

    def _apply(
        self, session: Session, trunk: Trunk, claim: ClaimedRun, report: Report, verdict: Verdict
    ) -> None:
        now = self._clock()
        if report.outcome is not Outcome.INCONCLUSIVE:
            trunk.last_health_check_at = now
            if report.credentials is not CredentialState.NOT_TESTED:
                trunk.credentials = report.credentials
            liveness = VerificationLiveness(session, self._health_pace)
            for destination_id, each in sorted(_by_destination(claim, report).items()):
                liveness.record(trunk, destination_id, each, now)
            trunk.next_proof_at = next_proof_at(trunk, now, self._proof_interval_seconds)
        new = after_verification(read_state(trunk), verdict, self._policy)
        cause = Cause.PROOF if claim.scheduled else Cause.VERIFICATION
        Trunks(session).change_state(trunk, new, cause, now, verification_id=claim.verification_id)

    def end_for_ourselves(
        self, claim: ClaimedRun, reason: Reason, *, retry_at: datetime | None = None
    ) -> bool:
        """Finish a run that sent nothing, or came to nothing for a reason of ours."""
        report = service_report(
            reason, claim.first, started_at=claim.claimed_at, finished_at=self._clock(), retry_at=retry_at
        )
        return self.finish(claim, report)


def _realms_to_expect(
    session: Session, trunk: Trunk, first: ClaimedGateway, *, explicit: bool
) -> tuple[str, ...]:
    """The learned realms; none where the customer's last run said that they changed, and he asks again (decision 7)."""
    if first.username is None or first.auth_realm is not None:
        return ()
    if explicit:
        latest = Verifications(session).latest_done_of([trunk]).get(trunk.id)
        if latest is not None and latest.reason is Reason.REALM_MISMATCH:
            return ()
    return RealmPins(session).of(first.destination_id, first.username)


def _verdict(report: Report) -> Verdict:
    return Verdict(
        outcome=report.outcome,
        reason=report.reason,
        some_dead=any(warning.code is WarningCode.EDGE_DOWN for warning in report.warnings),
    )


def _by_destination(claim: ClaimedRun, report: Report) -> dict[UUID, Report]:
    if not isinstance(report, SeveralReport):
        return {claim.first.destination_id: report}
    destinations = [gateway.destination_id for gateway in claim.gateways]
    return dict(zip(destinations, report.gateways, strict=True))
