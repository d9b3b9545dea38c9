"""One run from its claim to its record: a coroutine on the engine's loop, of which a worker has hundreds."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from structlog.contextvars import bound_contextvars

from sipcheck.errors import TargetInvalid
from sipcheck.reasons import Cause, CredentialState, Reason
from sipcheck.report.model import Report
from sipcheck.target import Target
from sipcheck.verification.report_without_run import invalid_target_report
from sipcheck.verification.suspected_ban import may_be_ban, suspect_ban
from trunks.clock import Clock, utc_now
from trunks.errors import (
    AddressResting,
    RunInterrupted,
    RunPostponed,
    SecretUnreadable,
    StoreUnavailable,
    TooManyRejections,
)
from trunks.runs.account_turns import AccountTurns
from trunks.runs.admission import Admissions
from trunks.runs.claimed_run import ClaimedRun
from trunks.runs.credential_gate import CredentialGate
from trunks.runs.form_questions import FormDesk, RunForms
from trunks.runs.gateway_check import GatewayCheck
from trunks.runs.knock_ledger import Settlement
from trunks.runs.open_slots import OpenSlots
from trunks.runs.recovery import Return
from trunks.runs.results import RunResult
from trunks.runs.run_store import RunStore
from trunks.runs.service_report import service_report
from trunks.runs.several_gateways import SeveralReport
from trunks.runs.way_results import NOTHING_FOUND, WayFound
from trunks.runs.wishes import Spending
from trunks.secrets.credential_key import CredentialHash
from trunks.secrets.secret_box import SecretBox

_log = structlog.get_logger(__name__)

OnDone = Callable[[UUID], None]

# A verdict waits for the store about as long as a restart of it takes; beyond, the lease brings the run again.
_STORE_BACK_WITHIN_SECONDS = 5.0
_TRY_AGAIN_SECONDS = 0.5

# Runs a trunk's gateways on the engine. Raises RunInterrupted when the worker stops, TimeoutError on overrun, and what
# `admit` raises.
VerifyGateways = Callable[[Sequence[GatewayCheck]], Awaitable[Report]]


@dataclass(frozen=True, slots=True)
class Runner:
    """`on_done` is called when a run has been recorded; `timeout_seconds` is the engine's deadline, `our_address` the
    one that carriers have to let in, where a setting names it. `forms` says what is to be learned of the ways of calls;
    None where there are none.
    """

    store: RunStore
    secrets: SecretBox
    hashed: CredentialHash
    verify: VerifyGateways
    timeout_seconds: float
    on_done: OnDone
    clock: Clock = utc_now
    our_address: str | None = None
    turns: AccountTurns = field(default_factory=AccountTurns)
    forms: FormDesk | None = None

    async def run(self, claim: ClaimedRun) -> None:
        """Verify and record what was claimed; nothing is written when another has it since. Raises StoreUnavailable."""
        self.store.runs += 1
        try:
            with _logged_as_asked(claim):
                await _Run(self, claim).execute()
        finally:
            self.store.runs -= 1


class _Run:
    def __init__(self, by: Runner, claim: ClaimedRun) -> None:
        self._by = by
        self._claim = claim
        self._log = _log.bind(verification_id=str(claim.verification_id), trunk_id=str(claim.first.trunk_id))
        self._gates: tuple[CredentialGate, ...] = ()
        self._admissions: tuple[Admissions, ...] = ()
        self._forms = None if by.forms is None else RunForms(by.forms, claim.first)
        self._slots = OpenSlots(by.store, claim.claim_id)
        self._began_at = asyncio.get_running_loop().time()

    async def execute(self) -> None:
        try:
            recorded = await self._record()
        except RunInterrupted:
            await self._by.store.give_back(Return(self._claim, None, self._spent(), self._knocked()))
            self._log.info("verification-given-back")
            return
        except RunPostponed as postponed:
            await self._by.store.give_back(
                Return(self._claim, postponed.seconds, self._spent(), self._knocked(), waits_at=postponed.at)
            )
            self._log.info("verification-postponed", seconds=round(postponed.seconds, 1))
            return
        except AddressResting as resting:
            await self._rest(resting)
            return
        if recorded:
            self._by.on_done(self._claim.verification_id)
        else:
            self._log.warning("verification-claim-lost")

    async def _rest(self, resting: AddressResting) -> None:
        """Tell whoever waits that the address rests; the run stays queued, and runs by itself."""
        report = service_report(
            Reason.ADDRESS_RESTING,
            self._claim.first,
            started_at=self._claim.claimed_at,
            finished_at=self._by.clock(),
            retry_at=resting.until,
        )
        given = Return(self._claim, resting.seconds, self._spent(), self._knocked(), report)
        if await self._by.store.give_back(given):
            self._log.info("verification-rests", retry_at=resting.until.isoformat())
            self._by.on_done(self._claim.verification_id)

    async def _record(self) -> bool:
        try:
            return await self._verify()
        except SecretUnreadable:
            self._log.error("verification-secret-unreadable")
            return await self._end_for_ourselves(Reason.SECRET_UNREADABLE)
        except TooManyRejections as waits:
            self._log.info("verification-frozen", retry_at=waits.retry_at.isoformat())
            return await self._end_for_ourselves(
                Reason.CREDENTIALS_FROZEN, cause=Cause.TOO_MANY_REJECTIONS, retry_at=waits.retry_at
            )
        except TimeoutError:
            self._log.error("verification-overran")
            return await self._end_for_ourselves(Reason.DEADLINE_EXCEEDED)
        except (AddressResting, RunInterrupted, RunPostponed, StoreUnavailable):
            raise
        except Exception:  # noqa: BLE001 - the border of a run: whatever went wrong, the caller gets a verdict
            self._log.exception("verification-broke")
            return await self._end_for_ourselves(Reason.CANCELLED)

    async def _verify(self) -> bool:
        claim = self._claim
        try:
            targets = [gateway.target() for gateway in claim.gateways]
        except TargetInvalid as fault:
            return await self._finish(
                invalid_target_report(
                    claim.first.host,
                    fault.sentence,
                    started_at=claim.claimed_at,
                    username=claim.first.username,
                )
            )
        self._gates = self._make_gates(targets)
        async with AsyncExitStack() as turns:
            # All gateways of one domain have one account; in one order, so that no two runs wait for one another.
            for account_key in sorted({gate.account_key for gate in self._gates}):
                await turns.enter_async_context(self._by.turns.turn(account_key))
            return await self._verify_in_turn(targets)

    async def _verify_in_turn(self, targets: Sequence[Target]) -> bool:
        for gate in self._gates:
            retry_at = await gate.frozen_until()
            if retry_at is not None:
                self._log.info("verification-frozen", retry_at=retry_at.isoformat())
                return await self._end_for_ourselves(Reason.CREDENTIALS_FROZEN, retry_at=retry_at)
        claim = self._claim
        username = claim.first.username or ""
        self._admissions = tuple(
            Admissions(
                self._by.store, claim, gateway, self._by.hashed.user_key(target.domain, username), self._slots
            )
            for gateway, target in zip(claim.gateways, targets, strict=True)
        )
        self._began_at = asyncio.get_running_loop().time()
        try:
            report = await self._by.verify(self._checks(targets))
        finally:
            self._slots.close()
        return await self._finish(report)

    def _make_gates(self, targets: Sequence[Target]) -> tuple[CredentialGate, ...]:
        """Make a gate for each gateway; none for a trunk without credentials."""
        claim = self._claim
        first = claim.first.credentials(self._by.secrets, claim.learned_realms)
        if first is None:
            return ()
        sent_by: list[CredentialGate] = []
        # The realms that were learned are the first gateway's.
        later = replace(first, realms=(), realms_learned=False) if first.realms_learned else first
        return tuple(
            CredentialGate(
                self._by.store,
                claim,
                later if number else first,
                self._by.hashed,
                domain=target.domain,
                in_time=self._in_time,
                sent_by=sent_by,
            )
            for number, target in enumerate(targets)
        )

    def _checks(self, targets: Sequence[Target]) -> list[GatewayCheck]:
        turns = {number: turn for turn, number in enumerate(self._claim.proof_order)}
        checks = [
            GatewayCheck(
                target,
                None,
                admit=admission.admit,
                edge_done=admission.edge_done,
                heard=admission.heard,
                turn=turns.get(number, 0),
                username=self._claim.first.username,
                again=self._claim.put_off and not self._claim.on_demand,
                forms=None if self._forms is None or number else self._forms.questions(),
            )
            for number, (target, admission) in enumerate(zip(targets, self._admissions, strict=True))
        ]
        if not self._gates:
            return checks
        return [
            replace(check, credentials=gate.credentials, before_credentials=gate.before_credentials)
            for check, gate in zip(checks, self._gates, strict=True)
        ]

    def _in_time(self) -> bool:
        waited_seconds = max(each.waited_seconds for each in self._admissions)
        passed_seconds = asyncio.get_running_loop().time() - self._began_at - waited_seconds
        left = timedelta(seconds=self._by.timeout_seconds - passed_seconds)
        return self._claim.lease_until - self._by.clock() > left

    async def _finish(self, report: Report) -> bool:
        if any(gate.kept_by_us for gate in self._gates) and not any(gate.realms for gate in self._gates):
            # Nothing has left and nothing was learned about the credentials, and that was ours: it is tried again.
            raise RunPostponed(0.0)
        if report.reason is Reason.CREDENTIALS_FROZEN:
            retry_at = next((gate.retry_at for gate in self._gates if gate.retry_at is not None), None)
            report = replace(report, retry_at=retry_at)
        report = await self._suspecting(report)
        self._log.info(
            "verification-done",
            outcome=report.outcome,
            reason=report.reason,
            duration_ms=round(report.duration_ms),
        )
        realms = _realms_of_the_first(report, self._gates)
        forms = self._forms
        ways = NOTHING_FOUND if forms is None else WayFound(forms.dialled, forms.heard)
        return await self._keep(
            RunResult(self._claim, report, realms, self._spent(), self._knocked(), ways=ways)
        )

    async def _suspecting(self, report: Report) -> Report:
        """Say of silence behind what a guard counts that it may be a ban; a store that is away keeps nothing back."""
        edge = may_be_ban(report)
        if edge is None:
            return report
        try:
            before = await self._by.store.knocks_before(edge.address)
        except StoreUnavailable:
            return report
        ours = self._by.our_address or (edge.local_address or "").rpartition(":")[0].strip("[]")
        return suspect_ban(report, knocks_before=before, our_address=ours or "our address")

    async def _end_for_ourselves(
        self, reason: Reason, *, cause: Cause | None = None, retry_at: datetime | None = None
    ) -> bool:
        """Record a run that sent nothing, or came to nothing for a reason of ours."""
        report = service_report(
            reason,
            self._claim.first,
            started_at=self._claim.claimed_at,
            finished_at=self._by.clock(),
            cause=cause,
            retry_at=retry_at,
        )
        return await self._keep(RunResult(self._claim, report, spent=self._spent(), knocked=self._knocked()))

    async def _keep(self, result: RunResult) -> bool:
        loop = asyncio.get_running_loop()
        until = loop.time() + _STORE_BACK_WITHIN_SECONDS
        while True:
            try:
                return await self._by.store.finish(result)
            except StoreUnavailable:
                if loop.time() >= until:
                    raise
                await asyncio.sleep(_TRY_AGAIN_SECONDS)

    def _spent(self) -> Sequence[Spending]:
        return [each for admission in self._admissions for each in admission.spent()]

    def _knocked(self) -> Sequence[Settlement]:
        left = {number for number, gate in enumerate(self._gates) if gate.realms}
        return [
            each
            for number, admission in enumerate(self._admissions)
            for each in admission.knocked(password_left=number in left)
        ]


def _logged_as_asked(claim: ClaimedRun) -> AbstractContextManager[None]:
    """Put the id of the HTTP request that asked on every line about the run."""
    return nullcontext() if claim.request_id is None else bound_contextvars(request_id=claim.request_id)


def _realms_of_the_first(report: Report, gates: Sequence[CredentialGate]) -> Sequence[str]:
    """Give the realms that the first gateway's credentials were sent to, unless another one proved them."""
    decided_elsewhere = (
        isinstance(report, SeveralReport) and report.gateways[0].credentials is not CredentialState.PROVEN
    )
    return gates[0].realms if gates and not decided_elsewhere else ()
