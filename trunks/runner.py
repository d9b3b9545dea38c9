"""One run from its claim to its record: what the task does when the doorbell rings."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

import structlog

from sipcheck.credentials import Credentials
from sipcheck.errors import TargetInvalid
from sipcheck.exchange import BeforeCredentials
from sipcheck.reasons import Reason
from sipcheck.report import Report
from sipcheck.target import Target
from sipcheck.unrun_report import invalid_target_report
from sipcheck.verification import Admit
from trunks.credential_gate import CredentialGate
from trunks.errors import RunInterrupted, SecretUnreadable, StoreUnavailable
from trunks.pace_keeper import PaceKeeper, RunPostponed
from trunks.secrets import SecretBox
from trunks.services.own_keys import OwnKeys
from trunks.services.pacing import Pacing
from trunks.services.recovery import Recovery
from trunks.services.run_claims import RunClaims
from trunks.work import Claim

_log = structlog.get_logger(__name__)

OnDone = Callable[[UUID], None]


@dataclass(frozen=True, slots=True)
class Job:
    """What the engine is asked."""

    target: Target
    credentials: Credentials | None
    before_credentials: BeforeCredentials | None = None
    admit: Admit | None = None


# Runs a job on the engine and waits. Raises RunInterrupted when the worker stops, TimeoutError on overrun, and
# what `admit` raises.
VerifyJob = Callable[[Job], Report]


class Runner:
    """Runs on a thread of its own for each run; `on_done` is told of what was recorded."""

    def __init__(
        self,
        claims: RunClaims,
        recovery: Recovery,
        secrets: SecretBox,
        own_keys: OwnKeys,
        *,
        pacing: Pacing,
        verify: VerifyJob,
        on_done: OnDone,
    ) -> None:
        self._claims = claims
        self._recovery = recovery
        self._secrets = secrets
        self._own_keys = own_keys
        self._pacing = pacing
        self._verify = verify
        self._on_done = on_done

    def run(self, verification_id: UUID) -> None:
        """Claim, verify, record; nothing happens when another has the run. Raises StoreUnavailable."""
        claim = self._claims.claim(verification_id)
        if claim is None:
            return
        log = _log.bind(verification_id=str(verification_id), trunk_id=str(claim.work.trunk_id))
        try:
            recorded = self._record(claim, log)
        except RunInterrupted:
            self._recovery.release(claim)
            log.info("verification-given-back")
            return
        except RunPostponed as postponed:
            self._recovery.postpone(claim, seconds=postponed.seconds)
            log.info("verification-postponed", seconds=round(postponed.seconds, 1))
            return
        if recorded:
            self._on_done(verification_id)
        else:
            log.warning("verification-claim-lost")

    def _record(self, claim: Claim, log: structlog.stdlib.BoundLogger) -> bool:
        try:
            return self._run(claim, log)
        except SecretUnreadable:
            log.error("verification-secret-unreadable")
            return self._claims.end_for_ourselves(claim, Reason.SECRET_UNREADABLE)
        except TimeoutError:
            log.error("verification-overran")
            return self._claims.end_for_ourselves(claim, Reason.DEADLINE_EXCEEDED)
        except (RunInterrupted, RunPostponed, StoreUnavailable):
            raise
        except Exception:  # the border of a task: whatever went wrong, the caller gets a verdict
            log.exception("verification-broke")
            return self._claims.end_for_ourselves(claim, Reason.CANCELLED)

    def _run(self, claim: Claim, log: structlog.stdlib.BoundLogger) -> bool:
        try:
            target = claim.work.target()
        except TargetInvalid as fault:
            report = invalid_target_report(
                claim.work.host, str(fault), started_at=claim.claimed_at, username=claim.work.username
            )
            return self._finish(claim, report, None, log)
        credentials = claim.work.credentials(self._secrets, claim.learned_realms)
        gate = None
        if credentials is not None:
            hashed = self._own_keys.credential_hash()
            gate = CredentialGate(self._claims, claim, credentials, hashed, domain=target.domain)
            retry_at = gate.frozen_until()
            if retry_at is not None:
                log.info("verification-frozen", retry_at=retry_at.isoformat())
                return self._claims.end_for_ourselves(claim, Reason.CREDENTIALS_FROZEN, retry_at=retry_at)
        return self._finish(claim, self._paced(claim, target, credentials, gate), gate, log)

    def _paced(
        self, claim: Claim, target: Target, credentials: Credentials | None, gate: CredentialGate | None
    ) -> Report:
        keeper = PaceKeeper(self._pacing, claim)
        report = None
        try:
            before = None if gate is None else gate.before_credentials
            report = self._verify(Job(target, credentials, before, keeper.admit))
            return report
        finally:
            self._settle(keeper, claim, report)

    def _settle(self, keeper: PaceKeeper, claim: Claim, report: Report | None) -> None:
        try:
            keeper.settle(report)
        except StoreUnavailable:
            # The verdict matters more: the slot ends with its lease, and what was granted stays debited.
            _log.warning("pace-unsettled", verification_id=str(claim.verification_id))

    def _finish(
        self,
        claim: Claim,
        report: Report,
        gate: CredentialGate | None,
        log: structlog.stdlib.BoundLogger,
    ) -> bool:
        if gate is not None and report.reason is Reason.CREDENTIALS_FROZEN:
            report = replace(report, retry_at=gate.retry_at)
        log.info(
            "verification-done",
            outcome=report.outcome,
            reason=report.reason,
            duration_ms=round(report.duration_ms),
        )
        return self._claims.finish(claim, report, gate.realms if gate is not None else ())
