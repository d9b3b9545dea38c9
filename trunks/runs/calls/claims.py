"""Test calls as the worker has them: claimed by a short lease that is renewed while the call lasts, and made once.

A call is *queued*, *running* or *done*. Whoever claims it alone writes to it, by naming its claim. It is never made a
second time: one whose worker is gone is ended by another (trunks.runs.open_calls), and told as cancelled then.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.media.codec import DEFAULT_CODECS, Codec
from sipcheck.reasons import CREDENTIALS_REFUSED, CallVerdict, CredentialState, Reason
from sipcheck.report.call_report import CallReport
from sipcheck.report.json_export import to_json
from sipcheck.transaction.invite.call_mark import CallMark
from sipcheck.verification.calling.options import CallIdentity
from trunks.clock import Clock
from trunks.errors import CallLost
from trunks.ids import new_id
from trunks.models.placed_call import PlacedCall
from trunks.models.verification import VerificationStatus
from trunks.provisions.requests import ProvisionRequests
from trunks.repositories.knocks import Knocks
from trunks.repositories.outbound_ways import OutboundWays, gateway_in_use
from trunks.repositories.placed_calls import PlacedCalls
from trunks.repositories.trunk_profiles import TrunkProfiles
from trunks.repositories.trunks import Trunks
from trunks.rules.guesses import GUESS_WINDOW, guesses_at
from trunks.rules.media import media_of
from trunks.rules.profile import CallingFormat, MediaEncryption, TrunkProfile
from trunks.rules.visitor import Visitor
from trunks.rules.way_evidence import OutboundWay
from trunks.runs.address_limits import AddressLimits
from trunks.runs.calls.wish import CallWish
from trunks.runs.claimed_run import ClaimedRun, claimed_gateways, proven_at
from trunks.runs.credential_freeze import CredentialFreezer, CredentialsFrozen, Refusal
from trunks.runs.knock_ledger import Settlement, settle
from trunks.runs.open_calls import LEASE, OpenCalls, WrittenCall
from trunks.runs.report_bounds import bounded
from trunks.runs.sending import CredentialKeys, Departure
from trunks.runs.stored_report import column_text
from trunks.runs.wishes import Spending
from trunks.store.database import Database
from trunks.voice.provisioner import ProvisionerName

CUT_OFF = "The call was broken off on our side; nothing was learned of it."
_TAKEN = (CallVerdict.ANSWERED, CallVerdict.RANG)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedCall:
    """`run` is who calls over which gateway, the one in use first, by which claim; with `encrypted` media is offered as
    SRTP, by `codecs`. `way` is the one that the trunk's calls have.
    """

    run: ClaimedRun
    wish: CallWish
    encrypted: bool
    codecs: tuple[Codec, ...]
    way: OutboundWay | None = None

    @property
    def id(self) -> UUID:
        return self.run.verification_id


@dataclass(frozen=True, slots=True)
class CallClaims:
    database: Database
    provisioner: ProvisionerName
    clock: Clock
    open_calls: OpenCalls
    limits: AddressLimits

    def claim(self, *, limit: int) -> list[ClaimedCall]:
        """Make calls ours that wait."""
        with self.database.question() as session:
            if not PlacedCalls(session).any_queued():
                return []
        with self.database.write() as session:
            return [self._claim(session, call) for call in PlacedCalls(session).queued(limit=limit)]

    def claim_lost(self, *, limit: int) -> list[ClaimedCall]:
        """Make calls ours to record whose workers are gone: what these sent of passwords is unsettled."""
        with self.database.question() as session:
            if not PlacedCalls(session).any_lost(self.clock()):
                return []
        with self.database.write() as session:
            now = self.clock()
            lost = PlacedCalls(session).lost(now, limit=limit)
            CredentialFreezer(session).lapse([each.claim_id for each in lost if each.claim_id], now)
            return [self._claim(session, call) for call in lost]

    def write_down(self, claimed: ClaimedCall, call_id: str, marks: tuple[CallMark, ...]) -> None:
        """Commit what ends a call. Raises CallLost where it is not ours any more, StoreUnavailable."""
        with self.database.write() as session:
            if marks and PlacedCalls(session).claimed(claimed.id, claimed.run.claim_id) is None:
                raise CallLost
            self.open_calls.keep(session, WrittenCall(claimed.run, call_id, marks))

    def _claim(self, session: Session, call: PlacedCall) -> ClaimedCall:
        now, claim_id = self.clock(), new_id()
        trunk = Trunks(session).get(call.environment_id, call.trunk_id)
        profile = TrunkProfiles(session).of(trunk.id)
        kept = OutboundWays(session).of([trunk.id]).get(trunk.id)
        in_use = gateway_in_use(trunk, kept)
        call.status, call.begun_at = VerificationStatus.RUNNING, call.begun_at or now
        call.claim(claim_id, now + LEASE)
        return ClaimedCall(
            run=ClaimedRun(
                verification_id=call.id,
                claim_id=claim_id,
                environment_id=call.environment_id,
                generation=trunk.generation,
                claimed_at=now,
                lease_until=now + LEASE,
                gateways=claimed_gateways(trunk, sorted(trunk.gateways, key=lambda each: each is not in_use)),
                request_id=call.request_id,
                explicit=True,
                on_demand=True,
                proven_at=proven_at(Trunks(session).gateways_of([trunk.id])[trunk.id], trunk.generation),
            ),
            wish=CallWish.of(call.called, call.caller, call.asked),
            encrypted=profile.media_encryption is MediaEncryption.SDES,
            codecs=_codecs(profile),
            way=None if kept is None else kept.now(trunk),
        )

    def renew(self, claimed: ClaimedCall) -> bool:
        """Keep a call; false when another has it."""
        with self.database.write() as session:
            until = self.clock() + LEASE
            return PlacedCalls(session).renew(claimed.id, claimed.run.claim_id, until)

    def send_credentials(
        self, claimed: ClaimedCall, keys: CredentialKeys, visitor: Visitor
    ) -> bool | Refusal:
        """Commit that the password leaves now; false where the call is not ours any more, or why it must not: it is
        frozen, or too many of its account's or its environment's were refused, wherever that was.
        """
        with self.database.write() as session:
            now = self.clock()
            refused = Knocks(session).refused_to(
                visitor.account_key, visitor.environment_id, now - GUESS_WINDOW
            )
            retry_at = guesses_at(visitor, refused, now).retry_at
            if retry_at is not None:
                return CredentialsFrozen(retry_at)
            departure = Departure(replace(claimed.run, lease_until=now + LEASE), keys)
            freezer = CredentialFreezer(session)
            (refusal,) = freezer.judge([departure], now)
            ours = PlacedCalls(session).claimed(claimed.id, claimed.run.claim_id) is not None
            freezer.hold([departure] if ours and refusal is None else [])
            return ours if refusal is None else refusal

    def finish(
        self,
        claimed: ClaimedCall,
        report: CallReport | None,
        spent: Sequence[Spending] = (),
        knocked: Sequence[Settlement] = (),
    ) -> bool:
        """Record what became of a call, None where it was broken off; false where it is not ours any more.

        What it says of the password freezes or thaws that, and a refusal counts as a guess. What it took of its
        addresses' pace is settled. The trunk's state is as it was.
        """
        with self.database.write() as session:
            now = self.clock()
            self.limits.lock(session, spent)
            freezer = CredentialFreezer(session)
            held = freezer.lock([claimed.run.claim_id])[claimed.run.claim_id]
            if report is None:
                freezer.lapse([claimed.run.claim_id], now)
            else:
                freezer.settle(
                    held,
                    refused=report.reason in CREDENTIALS_REFUSED,
                    proven=report.credentials is CredentialState.PROVEN,
                    now=now,
                )
            self.limits.settle_within(session, spent)
            settle(session, knocked, now)
            if claimed.wish.apply and report is not None and report.outcome in _TAKEN:
                self._apply(session, claimed, report)
            call = PlacedCalls(session).claimed(claimed.id, claimed.run.claim_id)
            if call is None:
                return False
            _end(call, report)
            call.finished_at = now
            return True

    def _apply(self, session: Session, claimed: ClaimedCall, report: CallReport) -> None:
        """Let the trunk's calls be written as this one was taken, unless the trunk was changed meanwhile."""
        trunk = Trunks(session).locked(claimed.run.first.trunk_id)
        if trunk is None or trunk.generation != claimed.run.generation:
            return
        profiles = TrunkProfiles(session)
        profile = profiles.of(trunk.id)
        taken = replace(
            profile,
            calling_format=CallingFormat(report.format or profile.calling_format),
            caller_identity=CallIdentity(report.identity or profile.caller_identity),
        )
        if taken == profile:
            return
        profiles.keep(trunk.id, taken)
        trunk.updated_at = self.clock()
        session.flush()
        if taken.caller_identity is not profile.caller_identity:
            ProvisionRequests(session, self.provisioner).changed_unseen(trunk.id, self.clock())


def _codecs(profile: TrunkProfile) -> tuple[Codec, ...]:
    """Of the profile's codecs those that we speak, in its order; where it has none of them, all that we speak."""
    mapped = (Codec.mapped(each) for each in media_of(profile).codecs)
    return tuple(each for each in mapped if each is not None) or DEFAULT_CODECS


def _end(call: PlacedCall, report: CallReport | None) -> None:
    call.status = VerificationStatus.DONE
    call.release()
    if report is None:
        call.outcome, call.reason, call.summary = CallVerdict.INCONCLUSIVE, Reason.CANCELLED, CUT_OFF
        return
    stored = bounded(to_json(report))
    call.outcome, call.reason = report.outcome, report.reason.value
    call.summary, call.report = column_text(stored["summary"])[:1000], stored
