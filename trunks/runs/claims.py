"""Runs as the worker has them: claimed by a lease, every write fenced by the claim."""

import json
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.reasons import CredentialState, Outcome, Reason, WarningCode
from sipcheck.report.json_export import report_to_json
from sipcheck.report.model import Report
from trunks.clock import Clock, utc_now
from trunks.health.verification_liveness import VerificationLiveness
from trunks.ids import new_id
from trunks.models.state_columns import read_state
from trunks.models.trunk import Trunk
from trunks.models.verification import RequestedBy, Verification, VerificationStatus
from trunks.repositories.realm_pins import RealmPins
from trunks.repositories.trunks import Trunks
from trunks.repositories.verifications import Verifications
from trunks.rules.intervals import HealthIntervals
from trunks.rules.trunk_state import Cause, Policy, Verdict, after_verification, counts_as_verified
from trunks.runs.claimed_run import ClaimedGateway, ClaimedRun
from trunks.runs.credential_freeze import CredentialFreezer, CredentialKeys
from trunks.runs.credential_proofs import next_proof_at
from trunks.runs.service_report import service_report
from trunks.runs.several_gateways import SeveralReport
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
            claim = ClaimedRun(
                verification_id=verification_id,
                claim_id=new_id(),
                generation=trunk.generation,
                claimed_at=now,
                lease_until=now + self._lease,
                work=ClaimedGateway.of(trunk),
            )
            values = {
                "claim_id": claim.claim_id,
                "claimed_at": now,
                "lease_until": claim.lease_until,
                "generation": claim.generation,
            }
            if not runs.claim(verification_id, now, values):
                return None
            run = session.get_one(Verification, verification_id)
            explicit = run.requested_by is RequestedBy.CUSTOMER
            realms = _realms_to_expect(session, trunk, claim.work, explicit=explicit)
            return replace(
                claim,
                request_id=run.request_id,
                explicit=explicit,
                scheduled=run.requested_by is RequestedBy.SCHEDULE,
                learned_realms=realms,
            )

    def frozen_until(
        self, claim: ClaimedRun, account_key: str, configured_key: str | None
    ) -> datetime | None:
        """Say until when this run may send nothing; None when it may. Keys: trunks.credential_key.

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
            trunk = Trunks(session).locked(claim.work.trunk_id)
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
        work = claim.work
        proven = report.credentials is CredentialState.PROVEN and realms
        if proven and work.username is not None and work.auth_realm is None:
            RealmPins(session).learn(work.destination_id, work.username, realms, now)

    def _apply(
        self, session: Session, trunk: Trunk, claim: ClaimedRun, report: Report, verdict: Verdict
    ) -> None:
        now = self._clock()
        new = after_verification(read_state(trunk), verdict, self._policy)
        cause = Cause.PROOF if claim.scheduled else Cause.VERIFICATION
        Trunks(session).change_state(trunk, new, cause, now, verification_id=claim.verification_id)
        if report.outcome is not Outcome.INCONCLUSIVE:
            trunk.last_health_check_at = now
            if report.credentials is not CredentialState.NOT_TESTED:
                trunk.credentials = report.credentials
            notes = VerificationLiveness(session, self._health_pace)
            for destination_id, each in sorted(_by_destination(claim.work, report).items()):
                notes.note(trunk, destination_id, each, now)
            trunk.next_proof_at = next_proof_at(trunk, now, self._proof_interval_seconds)

    def end_for_ourselves(
        self, claim: ClaimedRun, reason: Reason, *, retry_at: datetime | None = None
    ) -> bool:
        """Finish a run that sent nothing, or came to nothing for a reason of ours."""
        report = service_report(
            reason, claim.work, started_at=claim.claimed_at, finished_at=self._clock(), retry_at=retry_at
        )
        return self.finish(claim, report)


def _realms_to_expect(
    session: Session, trunk: Trunk, work: ClaimedGateway, *, explicit: bool
) -> tuple[str, ...]:
    """Give the learned realms, or none where the customer was told of their change and asks again (decision 7)."""
    if work.username is None or work.auth_realm is not None:
        return ()
    if explicit:
        latest = Verifications(session).latest_done_of([trunk]).get(trunk.id)
        if latest is not None and latest.reason is Reason.REALM_MISMATCH:
            return ()
    return RealmPins(session).of(work.destination_id, work.username)


def done_values(report: Report) -> dict[str, Any]:
    """The columns of a run that is done; the report without what no column of text can hold."""
    return {
        "status": VerificationStatus.DONE,
        "outcome": report.outcome,
        "reason": report.reason,
        "report": _storable(_exported(report)),
    }


def _storable(report: dict[str, Any]) -> dict[str, Any]:
    # A peer's words may hold lone surrogates, which no encoder of an answer takes.
    text = json.dumps(report, ensure_ascii=False).encode("utf-8", errors="replace")
    stored: dict[str, Any] = json.loads(text)
    return stored


def _verdict(report: Report) -> Verdict:
    return Verdict(
        outcome=report.outcome,
        reason=report.reason,
        some_dead=any(warning.code is WarningCode.EDGE_DOWN for warning in report.warnings),
    )


def _by_destination(work: ClaimedGateway, report: Report) -> dict[UUID, Report]:
    if not isinstance(report, SeveralReport):
        return {work.destination_id: report}
    destinations = [gateway.destination_id for gateway in work.gateways]
    return dict(zip(destinations, report.gateways, strict=True))


def _exported(report: Report) -> dict[str, Any]:
    exported = report_to_json(report)
    if isinstance(report, SeveralReport):
        exported["gateways"] = [report_to_json(each) for each in report.gateways]
    return exported
