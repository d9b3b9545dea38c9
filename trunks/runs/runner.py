"""One run from its claim to its record: a coroutine on the engine's loop, of which a worker has hundreds."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog
from structlog.contextvars import bound_contextvars

from sipcheck.errors import TargetInvalid
from sipcheck.reasons import Cause, Reason
from sipcheck.report.model import Report
from sipcheck.target import Target
from sipcheck.verification.report_without_run import invalid_target_report
from sipcheck.verification.suspected_ban import may_be_ban, suspect_ban
from trunks.clock import Clock, utc_now
from trunks.doorbell import OnDone
from trunks.errors import (
    AddressResting,
    RunInterrupted,
    RunPostponed,
    SecretUnreadable,
    StoreUnavailable,
    TooManyRejections,
)
from trunks.runs.account_turns import AccountTurns
from trunks.runs.claimed_run import ClaimedRun
from trunks.runs.gateway_check import GatewayCheck
from trunks.runs.gateway_doors import GatewayDoors
from trunks.runs.growing_ladders import GrowingLadders, Steps
from trunks.runs.recovery import Return
from trunks.runs.results import RunResult
from trunks.runs.run_store import RunStore
from trunks.runs.service_report import service_report
from trunks.runs.ways.form_questions import FormDesk, RunForms
from trunks.secrets.credential_key import CredentialHash
from trunks.secrets.secret_box import SecretBox

_log = structlog.get_logger(__name__)

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
    None where there are none. `ladders` grow with the runs that somebody waits for.
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
    ladders: GrowingLadders | None = None

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
        self._doors = GatewayDoors(
            by.store,
            claim,
            by.hashed,
            timeout_seconds=by.timeout_seconds,
            clock=by.clock,
            forms=() if by.forms is None else [RunForms(by.forms, gateway) for gateway in claim.gateways],
        )

    async def execute(self) -> None:
        try:
            recorded = await self._record()
        except RunInterrupted:
            await self._by.store.give_back(
                Return(self._claim, None, self._doors.spent(), self._doors.knocked())
            )
            self._log.info("verification-given-back")
            return
        except RunPostponed as postponed:
            await self._by.store.give_back(
                Return(
                    self._claim,
                    postponed.seconds,
                    self._doors.spent(),
                    self._doors.knocked(),
                    waits_at=postponed.at,
                )
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
        given = Return(self._claim, resting.seconds, self._doors.spent(), self._doors.knocked(), report)
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
        self._doors.make_gates(targets, self._by.secrets)
        async with AsyncExitStack() as turns:
            # All gateways of one domain have one account.
            for account_key in self._doors.account_keys():
                await turns.enter_async_context(self._by.turns.turn(account_key))
            return await self._verify_in_turn(targets)

    async def _verify_in_turn(self, targets: Sequence[Target]) -> bool:
        retry_at = await self._doors.frozen_until()
        if retry_at is not None:
            self._log.info("verification-frozen", retry_at=retry_at.isoformat())
            return await self._end_for_ourselves(Reason.CREDENTIALS_FROZEN, retry_at=retry_at)
        try:
            with self._growing() as steps:
                report = await self._by.verify(self._doors.checks(targets, steps))
        except ExceptionGroup as faults:
            away = faults.subgroup(StoreUnavailable)
            if away is None:
                raise
            # What ends a call could not be written down, so it did not leave.
            raise StoreUnavailable from away
        finally:
            self._doors.close()
        return await self._finish(report)

    def _growing(self) -> AbstractContextManager[Steps | None]:
        """Have the ladder grow where somebody may watch."""
        if self._by.ladders is None or not self._claim.on_demand:
            return nullcontext()
        return self._by.ladders.of(self._claim.verification_id)

    async def _finish(self, report: Report) -> bool:
        if self._doors.all_kept_by_us():
            # It is tried again.
            raise RunPostponed(0.0)
        if report.reason is Reason.CREDENTIALS_FROZEN:
            report = replace(report, retry_at=self._doors.retry_at())
        report = await self._suspecting(report)
        self._log.info(
            "verification-done",
            outcome=report.outcome,
            reason=report.reason,
            duration_ms=round(report.duration_ms),
        )
        realms = self._doors.realms_of_the_first(report)
        spent, knocked = self._doors.spent(), self._doors.knocked()
        return await self._keep(
            RunResult(self._claim, report, realms, spent, knocked, ways=self._doors.ways())
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
        return await self._keep(
            RunResult(self._claim, report, spent=self._doors.spent(), knocked=self._doors.knocked())
        )

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


def _logged_as_asked(claim: ClaimedRun) -> AbstractContextManager[None]:
    """Put the id of the HTTP request that asked on every line about the run."""
    return nullcontext() if claim.request_id is None else bound_contextvars(request_id=claim.request_id)
