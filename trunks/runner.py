"""One run from its claim to its record: what the task does when the doorbell rings."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import structlog

from sipcheck.credentials import Credentials
from sipcheck.errors import TargetInvalid
from sipcheck.exchange import BeforeCredentials
from sipcheck.reasons import Reason
from sipcheck.report import Report
from sipcheck.target import Target
from sipcheck.unrun_report import invalid_target_report
from trunks.errors import RunInterrupted, SecretUnreadable, StoreUnavailable
from trunks.secrets import SecretBox
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
    before_credentials: BeforeCredentials


# Runs a job on the engine and waits. Raises RunInterrupted when the worker stops, TimeoutError on overrun.
VerifyJob = Callable[[Job], Report]


class Runner:
    """Runs on a thread of its own for each run; `on_done` is told of what was recorded."""

    def __init__(
        self,
        claims: RunClaims,
        recovery: Recovery,
        secrets: SecretBox,
        *,
        verify: VerifyJob,
        on_done: OnDone,
    ) -> None:
        self._claims = claims
        self._recovery = recovery
        self._secrets = secrets
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
        if recorded:
            self._on_done(verification_id)
        else:
            log.warning("verification-claim-lost")

    def _record(self, claim: Claim, log: structlog.stdlib.BoundLogger) -> bool:
        try:
            report = self._report(claim)
        except SecretUnreadable:
            log.error("verification-secret-unreadable")
            return self._claims.end_for_ourselves(claim, Reason.SECRET_UNREADABLE)
        except TimeoutError:
            log.error("verification-overran")
            return self._claims.end_for_ourselves(claim, Reason.DEADLINE_EXCEEDED)
        except RunInterrupted:
            raise
        except Exception:  # the border of a task: whatever went wrong, the caller gets a verdict
            log.exception("verification-broke")
            return self._claims.end_for_ourselves(claim, Reason.CANCELLED)
        log.info(
            "verification-done",
            outcome=report.outcome,
            reason=report.reason,
            duration_ms=round(report.duration_ms),
        )
        return self._claims.finish(claim, report)

    def _report(self, claim: Claim) -> Report:
        try:
            target = claim.work.target()
        except TargetInvalid as fault:
            return invalid_target_report(
                claim.work.host, str(fault), started_at=claim.claimed_at, username=claim.work.username
            )
        credentials = claim.work.credentials(self._secrets)
        return self._verify(Job(target, credentials, self._before_credentials(claim)))

    def _before_credentials(self, claim: Claim) -> BeforeCredentials:
        async def _record_sent(realm: str) -> Reason | None:
            try:
                # In a thread: the store is synchronous, and this loop carries every other run.
                ours = await asyncio.to_thread(self._claims.record_credentials_sent, claim)
            except StoreUnavailable:
                _log.warning("credentials-withheld", verification_id=str(claim.verification_id))
                return Reason.CANCELLED
            return None if ours else Reason.CANCELLED

        return _record_sent
