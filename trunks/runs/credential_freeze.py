"""Credentials that were rejected stay unsent, and go out from one run at a time (docs/design/sip.md, hazard 2).

There is at most one row for credentials (domain, realm, user, secret, known by a keyed hash alone), for all tenants
and workers together. Without a row nothing stands against sending. With one they are

    claimed     a run sends them now: others wait for it, as long as its lease lasts
    frozen      the carrier rejected them at `rejected_at`
    unsettled   the lease is over and the claim is still named: the run was lost before it said what came of them

and become

    claimed     claim(), in the transaction that commits `auth_sent_at`, before they leave
    frozen      finish() of a run whose report is a rejection, or that proved nothing of what was frozen before
    unsettled   lapse(), when the run is ended by another; or the lease is over, and nobody called anything
    (no row)    finish() of a run that proved them, or that left them open and found them unfrozen;
                release(), when they did not leave after all

Who may send. Frozen: a customer who asks, from 15 minutes after the last rejection on, whoever made it; the schedule
never. Unsettled: a customer who asks, at once; anything else after 15 minutes, as if they had been rejected when the
lease ended (decision 10). A run asks twice: standing() before it sends anything at all, when only the user and the
secret are known, and the realm if one is configured; claim() when the challenge has named the realm.

What a crash leaves. Before claim() commits nothing has left. After it the row is claimed, and unsettled from the end
of the lease on; the next claim() of the same credentials takes it over. Rows are locked in the order of their keys.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.reasons import CredentialState, Reason
from sipcheck.report.model import Report
from trunks.errors import RunPostponed, TrunksError
from trunks.models.credential_freeze import CredentialFreeze
from trunks.repositories.credential_freezes import CredentialFreezes

# Carriers and fail2ban count failures over 10 minutes and more.
EXPLICIT_TRY_AFTER = timedelta(minutes=15)

_REJECTIONS = frozenset({Reason.CREDENTIALS_REJECTED, Reason.REGISTRATION_FORBIDDEN})


class CredentialsFrozen(TrunksError):
    """These credentials were rejected, and are not sent again yet."""

    def __init__(self, retry_at: datetime) -> None:
        super().__init__()
        self.retry_at = retry_at


class CredentialsClaimed(TrunksError):
    """Another run is sending these credentials at this moment."""


@dataclass(frozen=True, slots=True)
class CredentialKeys:
    """The names of credentials about to leave: with their realm, and without."""

    key: str
    account_key: str


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
    known_at = freeze.lease_until + EXPLICIT_TRY_AFTER
    return known_at if now < known_at else None


class CredentialFreezer:
    """Works inside a transaction of its caller."""

    def __init__(self, session: Session) -> None:
        self._freezes = CredentialFreezes(session)

    def standing(
        self, account_key: str, configured_key: str | None, now: datetime, *, explicit: bool
    ) -> datetime | None:
        """Until when a run may send nothing at all; None when it may begin.

        With a configured realm only its own freeze counts; without one any realm's does. Raises RunPostponed while
        nothing but unsettled credentials stands against it.
        """
        rejected = _moments(
            frozen_until(freeze.rejected_at, now, explicit=explicit)
            for freeze in self._freezes.rejected_of(account_key)
            if configured_key in (None, freeze.key)
        )
        unsettled = _moments(
            unsettled_until(freeze, now, explicit=explicit)
            for freeze in self._freezes.unsettled_of(account_key, now)
            if configured_key in (None, freeze.key)
        )
        if unsettled and not rejected:
            raise RunPostponed((max(unsettled) - now).total_seconds())
        return max(rejected, default=None)

    def claim(
        self, keys: CredentialKeys, claim_id: UUID, now: datetime, lease_until: datetime, *, explicit: bool
    ) -> None:
        """Claim them for sending. Raises CredentialsFrozen, CredentialsClaimed."""
        freeze = self._freezes.locked(keys.key, keys.account_key)
        if freeze.is_claimed(now) and freeze.claim_id != claim_id:
            raise CredentialsClaimed
        retry_at = frozen_until(freeze.rejected_at, now, explicit=explicit) or unsettled_until(
            freeze, now, explicit=explicit
        )
        if retry_at is not None:
            raise CredentialsFrozen(retry_at)
        freeze.claim(claim_id, lease_until)

    def finish(self, claim_id: UUID, report: Report, now: datetime) -> None:
        """Freeze what the carrier rejected, thaw what it accepted, and leave the rest as it was before the claim."""
        for freeze in self._freezes.claimed_by(claim_id):
            if report.reason in _REJECTIONS:
                freeze.rejected_at = now
            elif report.credentials is CredentialState.PROVEN:
                freeze.rejected_at = None
            self._free(freeze)

    def release(self, claim_id: UUID) -> None:
        """Give back what this claim did not send."""
        for freeze in self._freezes.claimed_by(claim_id):
            self._free(freeze)

    def lapse(self, claim_id: UUID, now: datetime) -> None:
        """End the claim of a lost run: what it sent is unsettled."""
        for freeze in self._freezes.claimed_by(claim_id):
            freeze.lease_until = now

    def _free(self, freeze: CredentialFreeze) -> None:
        freeze.release()
        if freeze.rejected_at is None:
            self._freezes.remove(freeze)


def _moments(found: Iterable[datetime | None]) -> list[datetime]:
    return [moment for moment in found if moment is not None]
