"""Runs as the worker has them: claimed by a lease, every write fenced by the claim."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.reasons import CredentialState, Outcome, Reason, WarningCode
from sipcheck.report import Report
from sipcheck.report_json import report_to_json
from trunks.clock import Clock, utc_now
from trunks.database import Database
from trunks.ids import new_id
from trunks.models.flip import Flip
from trunks.models.trunk import Trunk
from trunks.models.verification import VerificationStatus
from trunks.own_report import own_report
from trunks.repositories.trunks import Flips, Trunks
from trunks.repositories.verifications import Verifications
from trunks.state import Cause, Policy, Verdict, after_verification, changes, counts_as_verified
from trunks.trunk_state import read_state, write_state
from trunks.work import Claim, Work

# Beyond the engine's deadline, for what comes before and after it.
LEASE_MARGIN_SECONDS = 10.0


class RunClaims:
    def __init__(
        self,
        database: Database,
        *,
        policy: Policy,
        deadline_seconds: float,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._policy = policy
        self._lease = timedelta(seconds=deadline_seconds + LEASE_MARGIN_SECONDS)
        self._clock = clock

    def claim(self, verification_id: UUID) -> Claim | None:
        """Make a due run ours; None when another has it, it is done, or it is not due."""
        with self._database.write() as session:
            runs = Verifications(session)
            trunk_id = runs.trunk_of(verification_id)
            trunk = None if trunk_id is None else Trunks(session).steady(trunk_id)
            if trunk is None:
                return None
            now = self._clock()
            claim = Claim(
                verification_id=verification_id,
                claim_id=new_id(),
                generation=trunk.generation,
                claimed_at=now,
                lease_until=now + self._lease,
                work=Work.of(trunk),
            )
            values = {
                "claim_id": claim.claim_id,
                "claimed_at": now,
                "lease_until": claim.lease_until,
                "generation": claim.generation,
            }
            return claim if runs.claim(verification_id, now, values) else None

    def record_credentials_sent(self, claim: Claim) -> bool:
        """Commit that credentials leave now; false when the claim is lost, and they must not."""
        with self._database.write() as session:
            now = self._clock()
            return now < claim.lease_until and Verifications(session).change_claimed(
                claim.verification_id, claim.claim_id, {"auth_sent_at": now}
            )

    def finish(self, claim: Claim, report: Report) -> bool:
        """Record the report and what it changes, both or neither; false when the claim is lost.

        A report on an older configuration is kept, and changes nothing.
        """
        with self._database.write() as session:
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

    def _apply(self, session: Session, trunk: Trunk, claim: Claim, report: Report, verdict: Verdict) -> None:
        now = self._clock()
        old = read_state(trunk)
        new = after_verification(old, verdict, self._policy)
        write_state(trunk, new)
        if report.outcome is not Outcome.INCONCLUSIVE:
            trunk.last_health_check_at = now
            if report.credentials is not CredentialState.NOT_TESTED:
                trunk.credentials = report.credentials
        changed = changes(old, new)
        if changed:
            trunk.updated_at = now
            Flips(session).add(
                Flip(
                    trunk_id=trunk.id,
                    at=now,
                    cause=Cause.VERIFICATION,
                    verification_id=claim.verification_id,
                    generation=trunk.generation,
                    changes=changed,
                )
            )

    def end_for_ourselves(self, claim: Claim, reason: Reason) -> bool:
        """Finish a run that came to nothing for a reason of ours."""
        report = own_report(reason, claim.work, started_at=claim.claimed_at, finished_at=self._clock())
        return self.finish(claim, report)


def done_values(report: Report) -> dict[str, Any]:
    """The columns of a run that is done; the report without what no column of text can hold."""
    return {
        "status": VerificationStatus.DONE,
        "outcome": report.outcome,
        "reason": report.reason,
        "report": _storable(report_to_json(report)),
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
