"""Credentials that were rejected stay unsent, and go out from one run at a time (docs/design/sip.md, hazard 2)."""

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


class CredentialsHeld(TrunksError):
    """Another run is sending these credentials at this moment."""


@dataclass(frozen=True, slots=True)
class CredentialKeys:
    """The names of credentials about to leave: with their realm, and without."""

    key: str
    account_key: str


def frozen_until(rejected_at: datetime | None, now: datetime, *, explicit: bool) -> datetime | None:
    """Say when an explicit try is allowed; None when sending is allowed now, which the schedule never is."""
    if rejected_at is None:
        return None
    retry_at = rejected_at + EXPLICIT_TRY_AFTER
    return None if explicit and now >= retry_at else retry_at


def unsettled_until(freeze: CredentialFreeze, now: datetime, *, explicit: bool) -> datetime | None:
    """Say until when credentials count as rejected whose sender was lost before it told what became of them.

    Whoever asks by hand may send them: a password that is right would else wait for nothing.
    """
    if explicit or freeze.held_by is None or freeze.held_until is None or freeze.held_until > now:
        return None
    known_at = freeze.held_until + EXPLICIT_TRY_AFTER
    return known_at if now < known_at else None


class CredentialFreezer:
    """Works inside a transaction of its caller."""

    def __init__(self, session: Session) -> None:
        self._freezes = CredentialFreezes(session)

    def standing(
        self, account_key: str, configured_key: str | None, now: datetime, *, explicit: bool
    ) -> datetime | None:
        """Say until when nothing may be sent, before anything is.

        A configured realm is binding, so freezes of others do not matter; else the realm is taken to be the same.
        Raises RunPostponed for credentials that may have been rejected, which time will tell.
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

    def hold(
        self, keys: CredentialKeys, claim_id: UUID, now: datetime, held_until: datetime, *, explicit: bool
    ) -> None:
        """Make it ours to send them. Raises CredentialsFrozen, CredentialsHeld."""
        freeze = self._freezes.locked(keys.key, keys.account_key)
        held = freeze.held_by not in (None, claim_id)
        if held and freeze.held_until is not None and freeze.held_until > now:
            raise CredentialsHeld
        retry_at = frozen_until(freeze.rejected_at, now, explicit=explicit) or unsettled_until(
            freeze, now, explicit=explicit
        )
        if retry_at is not None:
            raise CredentialsFrozen(retry_at)
        freeze.held_by, freeze.held_until = claim_id, held_until

    def settle(self, claim_id: UUID, report: Report, now: datetime) -> None:
        """Freeze what the carrier refused, thaw what it took, and let others send what it left open."""
        for freeze in self._freezes.held_by(claim_id):
            if report.reason in _REJECTIONS:
                freeze.rejected_at = now
            elif report.credentials is CredentialState.PROVEN:
                freeze.rejected_at = None
            self._free(freeze)

    def let_go(self, claim_id: UUID) -> None:
        """Let others send what this claim did not."""
        for freeze in self._freezes.held_by(claim_id):
            self._free(freeze)

    def lapse(self, claim_id: UUID, now: datetime) -> None:
        """Keep in mind that they left, and that nobody will tell what became of them."""
        for freeze in self._freezes.held_by(claim_id):
            freeze.held_until = now

    def _free(self, freeze: CredentialFreeze) -> None:
        freeze.held_by = freeze.held_until = None
        if freeze.rejected_at is None:
            self._freezes.remove(freeze)


def _moments(found: Iterable[datetime | None]) -> list[datetime]:
    return [moment for moment in found if moment is not None]
