"""Credentials that were rejected stay unsent, and go out from one run at a time (docs/design/sip.md, hazard 2).

There is at most one row for credentials (domain, realm, user, secret, known by a keyed hash alone), for all tenants
and workers together. Without a row nothing stands against sending. With one they are

    claimed     a run sends them now: others wait for it, as long as its lease lasts
    frozen      the carrier rejected them at `rejected_at`
    unsettled   the lease is over and the claim is still named: the run was lost before it said what came of them

and become

    claimed     judge() and hold(), in the transaction that commits `auth_sent_at`, before they leave
    frozen      finish() of a run whose report is a rejection, or that proved nothing of what was frozen before
    unsettled   lapse(), when the run is ended by another; or the lease is over, and nobody called anything
    (no row)    finish() of a run that proved them, or that left them open and found them unfrozen;
                release(), when they did not leave after all

Who may send. Frozen: a customer who asks, from 15 minutes after the last rejection on, whoever made it; the schedule
never. Unsettled: a customer who asks, at once; anything else a minute after the lease ended, and each time that it
happens again in a row after twice as long, up to 15 minutes (decisions 10 and 11). A run asks twice: standing() before
it sends anything at all, when only the user and the secret are known, and the realm if one is configured; judge() when
the challenge has named the realm.

What a crash leaves. Before hold() commits nothing has left. After it the row is claimed, and unsettled from the end
of the lease on; the next hold() of the same credentials takes it over. Rows are locked in the order of their keys.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.reasons import CREDENTIALS_REFUSED, CredentialState
from sipcheck.report.model import Report
from trunks.errors import RunPostponed, TrunksError
from trunks.models.credential_freeze import CredentialFreeze
from trunks.repositories.credential_freezes import CredentialFreezes
from trunks.runs.claimed_run import ClaimedRun
from trunks.runs.sending import Departure, Intent

# Carriers and fail2ban count failures over 10 minutes and more.
EXPLICIT_TRY_AFTER = timedelta(minutes=15)

# One crash of ours costs a customer a minute; a crash loop never becomes an attack (decision 11).
_UNSETTLED_FIRST = timedelta(minutes=1)
_MOST_DOUBLINGS = 4


class CredentialsFrozen(TrunksError):
    """These credentials were rejected, and are not sent again yet."""

    def __init__(self, retry_at: datetime) -> None:
        super().__init__()
        self.retry_at = retry_at


class CredentialsClaimed(TrunksError):
    """Another run is sending these credentials at this moment."""


# Why credentials must not leave now.
Refusal = CredentialsFrozen | CredentialsClaimed


def frozen_until(rejected_at: datetime | None, now: datetime, *, explicit: bool) -> datetime | None:
    """When a customer may try rejected credentials again; None when these may be sent now."""
    if rejected_at is None:
        return None
    retry_at = rejected_at + EXPLICIT_TRY_AFTER
    return None if explicit and now >= retry_at else retry_at


def unsettled_until(freeze: CredentialFreeze, now: datetime, *, explicit: bool) -> datetime | None:
    """Until when unsettled credentials count as rejected; None for others, and for a customer who asks.

    A customer's right password would else wait for a fault of ours.
    """
    if explicit or freeze.lease_until is None or freeze.lease_until > now:
        return None
    waits = min(_UNSETTLED_FIRST * 2 ** min(freeze.losses, _MOST_DOUBLINGS), EXPLICIT_TRY_AFTER)
    known_at = freeze.lease_until + waits
    return known_at if now < known_at else None


class CredentialFreezer:
    """Works inside a transaction of its caller."""

    def __init__(self, session: Session) -> None:
        self._freezes = CredentialFreezes(session)
        self._judged: dict[str, CredentialFreeze] = {}

    def standing(self, intents: Sequence[Intent], now: datetime) -> list[datetime | RunPostponed | None]:
        """Until when each run may send nothing at all; None when it may begin.

        With a configured realm only its own freeze counts; without one any realm's does. RunPostponed while nothing but
        unsettled credentials stands against it.
        """
        found: dict[str, list[CredentialFreeze]] = defaultdict(list)
        for freeze in self._freezes.of_accounts({intent.account_key for intent in intents}, now):
            found[freeze.account_key].append(freeze)
        return [_standing(intent, found.get(intent.account_key, ()), now) for intent in intents]

    def judge(self, departures: Sequence[Departure], now: datetime) -> list[Refusal | None]:
        """Lock the rows of credentials that would leave, and say what stands against each; of equal ones the first is
        let go.
        """
        self._judged = self._freezes.locked({each.keys.key: each.keys.account_key for each in departures})
        let_go: dict[str, UUID] = {}
        refusals: list[Refusal | None] = []
        for each in departures:
            claim, key = each.claim, each.keys.key
            refusal = _refusal(self._judged[key], claim, now)
            if refusal is None and let_go.setdefault(key, claim.claim_id) != claim.claim_id:
                refusal = CredentialsClaimed()
            refusals.append(refusal)
        return refusals

    def hold(self, departures: Sequence[Departure]) -> None:
        """Claim what judge() has let go for those that send it; what nobody sends is as it was."""
        senders = {each.keys.key: each.claim for each in departures}
        self._freezes.claim(
            {
                "id": freeze.id,
                "claim_id": senders[key].claim_id,
                "lease_until": senders[key].lease_until,
                "losses": freeze.losses + (freeze.claim_id not in (None, senders[key].claim_id)),
            }
            for key, freeze in self._judged.items()
            if key in senders
        )
        for key, freeze in self._judged.items():
            if key not in senders and freeze.claim_id is None and freeze.rejected_at is None:
                self._freezes.remove(freeze)

    def lock(self, claim_ids: Collection[UUID]) -> Mapping[UUID | None, Sequence[CredentialFreeze]]:
        """Lock what these claims are sending, by claim."""
        found: dict[UUID | None, list[CredentialFreeze]] = defaultdict(list)
        for freeze in self._freezes.claimed_by(claim_ids):
            found[freeze.claim_id].append(freeze)
        return found

    def finish(self, freezes: Iterable[CredentialFreeze], report: Report, now: datetime) -> None:
        """Freeze what the carrier rejected, thaw what it accepted, and leave the rest as it was before the claim."""
        refused = report.reason in CREDENTIALS_REFUSED
        self.settle(freezes, refused=refused, proven=report.credentials is CredentialState.PROVEN, now=now)

    def settle(
        self, freezes: Iterable[CredentialFreeze], *, refused: bool, proven: bool, now: datetime
    ) -> None:
        """The same for what became of credentials in whatever they were sent for."""
        for freeze in freezes:
            if refused:
                freeze.rejected_at = now
            elif proven:
                freeze.rejected_at = None
            freeze.losses = 0
            self._free(freeze)

    def release(self, claim_ids: Collection[UUID]) -> None:
        """Give back what these claims did not send."""
        for freeze in self._freezes.claimed_by(claim_ids):
            self._free(freeze)

    def lapse(self, claim_ids: Collection[UUID], now: datetime) -> None:
        """End the claims of lost runs: what they sent is unsettled."""
        for freeze in self._freezes.claimed_by(claim_ids):
            freeze.lease_until = now

    def _free(self, freeze: CredentialFreeze) -> None:
        freeze.release()
        if freeze.rejected_at is None:
            self._freezes.remove(freeze)


def _standing(
    intent: Intent, freezes: Iterable[CredentialFreeze], now: datetime
) -> datetime | RunPostponed | None:
    counting = [freeze for freeze in freezes if intent.configured_key in (None, freeze.key)]
    rejected = _moments(
        frozen_until(freeze.rejected_at, now, explicit=intent.explicit) for freeze in counting
    )
    unsettled = _moments(
        unsettled_until(freeze, now, explicit=intent.explicit)
        for freeze in counting
        if freeze.claim_id is not None
    )
    if unsettled and not rejected:
        return RunPostponed((max(unsettled) - now).total_seconds())
    return max(rejected, default=None)


def _refusal(freeze: CredentialFreeze, claim: ClaimedRun, now: datetime) -> Refusal | None:
    if freeze.is_claimed(now) and freeze.claim_id != claim.claim_id:
        return CredentialsClaimed()
    retry_at = frozen_until(freeze.rejected_at, now, explicit=claim.explicit) or unsettled_until(
        freeze, now, explicit=claim.explicit
    )
    return None if retry_at is None else CredentialsFrozen(retry_at)


def _moments(found: Iterable[datetime | None]) -> list[datetime]:
    return [moment for moment in found if moment is not None]
