"""One run from its claim to its record: what a task does with the id that it was sent."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from uuid import UUID

import structlog
from kombu.utils.functional import retry_over_time
from structlog.contextvars import bound_contextvars

from sipcheck.errors import TargetInvalid
from sipcheck.reasons import CredentialState, Reason
from sipcheck.report.model import Report
from sipcheck.target import Target
from sipcheck.verification.report_without_run import invalid_target_report
from trunks.errors import RunInterrupted, RunPostponed, SecretUnreadable, StoreUnavailable
from trunks.runs.address_limits import AddressLimits
from trunks.runs.admission import Admissions
from trunks.runs.claimed_run import ClaimedRun
from trunks.runs.claims import RunClaims
from trunks.runs.credential_gate import CredentialGate
from trunks.runs.gateway_check import GatewayCheck
from trunks.runs.recovery import Recovery
from trunks.runs.several_gateways import SeveralReport
from trunks.secrets.secret_box import SecretBox
from trunks.tenancy.installation_keys import InstallationKeyring

_log = structlog.get_logger(__name__)

OnDone = Callable[[UUID], None]

# A verdict waits for the store about as long as a restart of it takes; beyond, the lease brings the run again.
_STORE_BACK_WITHIN_SECONDS = 5.0
_TRY_AGAIN_SECONDS = 0.5


# Runs a trunk's gateways on the engine and waits. Raises RunInterrupted when the worker stops, TimeoutError on
# overrun, and what `admit` raises.
VerifyGateways = Callable[[Sequence[GatewayCheck]], Report]


def _logged_as_asked(claim: ClaimedRun) -> AbstractContextManager[None]:
    """Put the id of the HTTP request that asked on every line about the run."""
    return nullcontext() if claim.request_id is None else bound_contextvars(request_id=claim.request_id)


class Runner:
    """Runs on a thread of its own for each run; `on_done` is called when a run has been recorded."""

    def __init__(
        self,
        claims: RunClaims,
        recovery: Recovery,
        secrets: SecretBox,
        own_keys: InstallationKeyring,
        *,
        pacing: AddressLimits,
        verify: VerifyGateways,
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
        if claim is not None:
            with _logged_as_asked(claim):
                self._run_claimed(claim)

    def _run_claimed(self, claim: ClaimedRun) -> None:
        verification_id = claim.verification_id
        log = _log.bind(verification_id=str(verification_id), trunk_id=str(claim.first.trunk_id))
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

    def _record(self, claim: ClaimedRun, log: structlog.stdlib.BoundLogger) -> bool:
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

    def _run(self, claim: ClaimedRun, log: structlog.stdlib.BoundLogger) -> bool:
        try:
            targets = [gateway.target() for gateway in claim.gateways]
        except TargetInvalid as fault:
            report = invalid_target_report(
                claim.first.host, str(fault), started_at=claim.claimed_at, username=claim.first.username
            )
            return self._finish(claim, report, (), log)
        gates = self._gates(claim, targets)
        for gate in gates:
            retry_at = gate.frozen_until()
            if retry_at is not None:
                log.info("verification-frozen", retry_at=retry_at.isoformat())
                return self._claims.end_for_ourselves(claim, Reason.CREDENTIALS_FROZEN, retry_at=retry_at)
        return self._finish(claim, self._paced(claim, targets, gates), gates, log)

    def _gates(self, claim: ClaimedRun, targets: Sequence[Target]) -> tuple[CredentialGate, ...]:
        """Make a gate for each gateway; none for a trunk without credentials."""
        first = claim.first.credentials(self._secrets, claim.learned_realms)
        later = claim.first.credentials(self._secrets)
        if first is None or later is None:
            return ()
        hashed = self._own_keys.credential_hash()
        # The realms that were learned are the first gateway's.
        return tuple(
            CredentialGate(self._claims, claim, later if number else first, hashed, domain=target.domain)
            for number, target in enumerate(targets)
        )

    def _paced(self, claim: ClaimedRun, targets: Sequence[Target], gates: Sequence[CredentialGate]) -> Report:
        admissions = [Admissions(self._pacing, claim) for _ in targets]
        checks = [
            GatewayCheck(target, None, admit=admission.admit, heard=admission.heard)
            for target, admission in zip(targets, admissions, strict=True)
        ]
        if gates:
            checks = [
                replace(check, credentials=gate.credentials, before_credentials=gate.before_credentials)
                for check, gate in zip(checks, gates, strict=True)
            ]
        try:
            return self._verify(checks)
        finally:
            for admission in admissions:
                self._settle(admission, claim)

    def _settle(self, admission: Admissions, claim: ClaimedRun) -> None:
        try:
            admission.settle()
        except StoreUnavailable:
            # The verdict matters more: the slot ends with its lease, and what was granted stays debited.
            _log.warning("pace-unsettled", verification_id=str(claim.verification_id))

    def _finish(
        self,
        claim: ClaimedRun,
        report: Report,
        gates: Sequence[CredentialGate],
        log: structlog.stdlib.BoundLogger,
    ) -> bool:
        if any(gate.store_was_away for gate in gates) and not any(gate.realms for gate in gates):
            # Nothing has left and nothing was learned about the credentials, and that was ours: it is tried again.
            raise RunPostponed(0.0)
        if report.reason is Reason.CREDENTIALS_FROZEN:
            retry_at = next((gate.retry_at for gate in gates if gate.retry_at is not None), None)
            report = replace(report, retry_at=retry_at)
        log.info(
            "verification-done",
            outcome=report.outcome,
            reason=report.reason,
            duration_ms=round(report.duration_ms),
        )
        recorded: bool = retry_over_time(  # type: ignore[no-untyped-call]
            self._claims.finish,
            StoreUnavailable,
            (claim, report, _realms_of_the_first(report, gates)),
            interval_start=_TRY_AGAIN_SECONDS,
            interval_step=0,
            timeout=_STORE_BACK_WITHIN_SECONDS,
        )
        return recorded


def _realms_of_the_first(report: Report, gates: Sequence[CredentialGate]) -> Sequence[str]:
    """Give the realms that the first gateway's credentials were sent to, unless another one proved them."""
    decided_elsewhere = (
        isinstance(report, SeveralReport) and report.gateways[0].credentials is not CredentialState.PROVEN
    )
    return gates[0].realms if gates and not decided_elsewhere else ()
