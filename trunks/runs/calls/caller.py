"""One test call from its claim to its record: a coroutine on the engine's loop."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

import structlog
from structlog.contextvars import bound_contextvars

from sipcheck.credentials import BeforeCredentials, Credentials
from sipcheck.errors import CallerError, TargetInvalid
from sipcheck.media.sockets import PortRange
from sipcheck.reasons import Cause, Reason
from sipcheck.report.call_report import CallReport
from sipcheck.target import Target
from sipcheck.transaction.invite.call_journal import WriteDown
from sipcheck.transaction.invite.call_mark import CallMark
from sipcheck.transaction.invite.led_call import LedCall
from sipcheck.verification.calling.options import CallOptions
from sipcheck.verification.calling.report import unreached_call
from sipcheck.verification.verification import Admit
from trunks.errors import (
    AddressResting,
    CallLost,
    RunPostponed,
    SecretUnreadable,
    StoreUnavailable,
    TooManyRejections,
)
from trunks.rules.visitor import Visitor
from trunks.rules.way_hosts import led_call, led_target
from trunks.runs.admission import Admissions
from trunks.runs.calls.claims import CallClaims, ClaimedCall
from trunks.runs.claimed_run import ClaimedGateway
from trunks.runs.credential_freeze import CredentialsClaimed, CredentialsFrozen
from trunks.runs.open_calls import LostCall
from trunks.runs.open_slots import OpenSlots
from trunks.runs.run_store import RunStore
from trunks.runs.sending import CredentialKeys
from trunks.runs.service_report import service_report
from trunks.secrets.credential_key import CredentialHash
from trunks.secrets.secret_box import SecretBox

_log = structlog.get_logger(__name__)

_RENEW_SECONDS = 10.0
# While a verification sends the same password.
_LOOK_SECONDS = 0.1
_DIGITS_SHOWN = 4
# For its turn at the carrier's address: somebody waits for the telephone to ring.
_PATIENCE_SECONDS = 60.0
# Of the 3 s that a stopping process gives to what it breaks off (worker.engine_loop).
_ENDING_LOOKS = 20


class PlaceCall(Protocol):
    """sipcheck.Engine.call."""

    def __call__(
        self,
        target: Target,
        options: CallOptions,
        *,
        credentials: Credentials | None = None,
        username: str | None = None,
        before_credentials: BeforeCredentials | None = None,
        write_down: WriteDown | None = None,
        admit: Admit | None = None,
        led: LedCall | None = None,
    ) -> Awaitable[CallReport]: ...


# sipcheck.Engine.end_call
EndCall = Callable[[CallMark, Credentials | None], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class CallMaker:
    """`on_done` is told of each call that was recorded; media is awaited at `ports`, and named as `media_address`.

    One that has to wait for its turn at an address does so for `patience_seconds` at most.
    """

    claims: CallClaims
    store: RunStore
    secrets: SecretBox
    hashed: CredentialHash
    ports: PortRange
    media_address: str | None
    on_done: Callable[[UUID], None]
    patience_seconds: float = _PATIENCE_SECONDS

    async def make(
        self, claimed: ClaimedCall, place: PlaceCall, some_open: Callable[[], bool] = lambda: False
    ) -> None:
        """Call, and record what became of it; however it is left, the call is ended. Raises StoreUnavailable.

        `some_open` says whether a call of the engine's may still be up. One that was broken off and is not over in time
        is left for whoever takes its row.
        """
        with bound_contextvars(
            call_id=str(claimed.id),
            trunk_id=str(claimed.run.first.trunk_id),
            number=shortened(claimed.wish.called),
        ):
            turn = self._turn(claimed)
            report = await self._kept(claimed, place, turn)
            if report is None and not await _is_over(some_open):
                _log.warning("test-call-left-open")
                return
            spent, knocked = (
                turn.admissions.spent(),
                turn.admissions.knocked(password_left=turn.password_left),
            )
            recorded = await asyncio.to_thread(self.claims.finish, claimed, report, spent, knocked)
            said = {} if report is None else {"outcome": report.outcome, "reason": report.reason}
            _log.info("test-call-done" if recorded else "test-call-lost", **said)
            if recorded:
                self.on_done(claimed.id)

    async def end(self, lost: LostCall, end_call: EndCall) -> None:
        """End a call whose worker is gone, a test call or a proof. Raises StoreUnavailable."""
        with bound_contextvars(run_id=str(lost.run_id), trunk_id=str(lost.trunk_id)):
            answered = [await end_call(mark, self._credentials(lost)) for mark in lost.marks]
            _log.warning("call-ended-for-another", sent=len(answered), answered=sum(answered))
            await asyncio.to_thread(self.claims.open_calls.ended, lost)

    async def record_lost(self, lost: ClaimedCall) -> None:
        """Record a call whose worker is gone, and that was ended, as broken off. Raises StoreUnavailable."""
        if await asyncio.to_thread(self.claims.finish, lost, None):
            self.on_done(lost.id)

    def _credentials(self, lost: LostCall) -> Credentials | None:
        """For the challenge of a BYE; none where they are gone, or cannot be opened."""
        with suppress(SecretUnreadable):
            return None if lost.gateway is None else lost.gateway.credentials(self.secrets)
        return None

    async def _kept(self, claimed: ClaimedCall, place: PlaceCall, turn: "_Turn") -> CallReport | None:
        """Call, and keep the claim meanwhile; None where it was broken off: by a worker that stops, or a lost claim."""
        calling = asyncio.create_task(self._in_turn(claimed, place, turn))
        keeping = asyncio.create_task(self._keep(claimed))
        try:
            await asyncio.wait((calling, keeping), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            _log.info("test-call-broken-off")
        for task in (calling, keeping):
            if not task.done():
                task.cancel()
        with suppress(asyncio.CancelledError):
            return await calling
        return None

    async def _keep(self, claimed: ClaimedCall) -> None:
        """Renew the claim until it is lost."""
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            try:
                if not await asyncio.to_thread(self.claims.renew, claimed):
                    _log.warning("test-call-claim-lost")
                    return
            except StoreUnavailable as error:
                _log.warning("store-away", error=str(error))

    def _turn(self, claimed: ClaimedCall) -> "_Turn":
        gateway = claimed.run.first
        account_key = self.hashed.user_key(_domain(gateway), gateway.username or "")
        slots = OpenSlots(self.store, claimed.run.claim_id)
        return _Turn(Admissions(self.store, claimed.run, gateway, account_key, slots))

    async def _in_turn(self, claimed: ClaimedCall, place: PlaceCall, turn: "_Turn") -> CallReport | None:
        """Call when it is the call's turn at its addresses; one that waits for too long is not made."""
        until = asyncio.get_running_loop().time() + self.patience_seconds
        while True:
            try:
                report = await self._call(claimed, place, turn)
            except RunPostponed as postponed:
                if asyncio.get_running_loop().time() + postponed.seconds > until:
                    _log.info("test-call-has-no-turn", seconds=round(postponed.seconds, 1))
                    return self._unmade(claimed, Reason.OVERLOADED, Cause.NO_TURN)
                _log.info("test-call-waits", seconds=round(postponed.seconds, 1))
                await asyncio.sleep(postponed.seconds)
            except AddressResting as resting:
                return self._unmade(claimed, Reason.ADDRESS_RESTING, None, resting.until)
            except TooManyRejections as waits:
                return self._unmade(
                    claimed, Reason.CREDENTIALS_FROZEN, Cause.TOO_MANY_REJECTIONS, waits.retry_at
                )
            else:
                if report is not None:
                    turn.admissions.heard(report)
                return report

    def _unmade(
        self, claimed: ClaimedCall, reason: Reason, cause: Cause | None, retry_at: datetime | None = None
    ) -> CallReport:
        """Report a call for which nothing was sent."""
        base = service_report(
            reason,
            claimed.run.first,
            started_at=claimed.run.claimed_at,
            finished_at=self.claims.clock(),
            cause=cause,
            retry_at=retry_at,
        )
        return unreached_call(base, self._options(claimed))

    async def _call(self, claimed: ClaimedCall, place: PlaceCall, turn: "_Turn") -> CallReport | None:
        try:
            gateway = claimed.run.first
            credentials, target = gateway.credentials(self.secrets), gateway.target()
            return await place(
                led_target(target, claimed.way),
                self._options(claimed),
                credentials=credentials,
                username=gateway.username,
                before_credentials=None if credentials is None else self._gate(claimed, credentials, turn),
                write_down=self._journal(claimed),
                admit=turn.admissions.admit,
                led=_anywhere(led_call(target, claimed.way)),
            )
        except (AddressResting, RunPostponed, TooManyRejections):
            raise
        except (CallerError, CallLost, SecretUnreadable, StoreUnavailable) as error:
            _log.warning("test-call-impossible", error=str(error))
        except Exception:  # noqa: BLE001 - the border of a call: whatever went wrong, it is recorded as broken off
            _log.exception("test-call-broke")
        return None

    def _options(self, claimed: ClaimedCall) -> CallOptions:
        wish = claimed.wish
        return CallOptions(
            number=wish.called,
            caller=wish.caller,
            format=wish.format,
            identity=wish.identity,
            ring_seconds=wish.ring_seconds,
            talk_seconds=wish.talk_seconds,
            ports=self.ports,
            media_address=self.media_address,
            sdes=claimed.encrypted,
            codecs=claimed.codecs,
        )

    def _visitor(self, claimed: ClaimedCall) -> Visitor:
        """Who calls, as the ledger of refused passwords knows him."""
        gateway = claimed.run.first
        return Visitor(
            environment_id=claimed.run.environment_id,
            account_key=self.hashed.user_key(_domain(gateway), gateway.username or ""),
            proven=False,
            knows_password=gateway.sealed_password is not None,
        )

    def _journal(self, claimed: ClaimedCall) -> WriteDown:
        async def write_down(call_id: str, marks: tuple[CallMark, ...]) -> None:
            await asyncio.to_thread(self.claims.write_down, claimed, call_id, marks)

        return write_down

    def _gate(self, claimed: ClaimedCall, credentials: Credentials, turn: "_Turn") -> BeforeCredentials:
        domain = claimed.run.first.target().domain
        user, password = credentials.username, credentials.password
        account_key, visitor = self.hashed.account_key(domain, user, password), self._visitor(claimed)

        async def before_credentials(realm: str) -> Reason | None:
            keys = CredentialKeys(self.hashed.key(domain, realm, user, password), account_key)
            while True:
                try:
                    answer = await asyncio.to_thread(self.claims.send_credentials, claimed, keys, visitor)
                except StoreUnavailable:
                    return Reason.CANCELLED
                if isinstance(answer, CredentialsFrozen):
                    return Reason.CREDENTIALS_FROZEN
                if not isinstance(answer, CredentialsClaimed):
                    turn.password_left = turn.password_left or answer
                    return None if answer else Reason.CANCELLED
                await asyncio.sleep(_LOOK_SECONDS)

        return before_credentials


@dataclass(slots=True)
class _Turn:
    """A call's way to its turn, and whether its password was let out."""

    admissions: Admissions
    password_left: bool = False


def _anywhere(led: LedCall | None) -> LedCall | None:
    """A call goes to the way's own host; whichever of that one's addresses it is, it is written so."""
    return None if led is None else replace(led, edge=None)


def _domain(gateway: ClaimedGateway) -> str:
    try:
        return gateway.target().domain
    except TargetInvalid:  # nothing is sent there
        return gateway.host


async def _is_over(some_open: Callable[[], bool]) -> bool:
    """Wait a little for the end of what was broken off."""
    for _ in range(_ENDING_LOOKS):
        if not some_open():
            return True
        await asyncio.sleep(_LOOK_SECONDS)
    return not some_open()


def shortened(number: str) -> str:
    """A number as a log has it: nobody is told from it."""
    return f"{number[:_DIGITS_SHOWN]}…"
