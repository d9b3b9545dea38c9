"""Links to the page of a run, for whoever has no token of the API (docs/evidence.md, "As a link")."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sipcheck.report.model import Report
from sipcheck.report.short_numbers import shorten_numbers
from trunks.clock import Clock
from trunks.errors import (
    PublicUrlMissing,
    SharedPageNotFound,
    TooManySharedPages,
    VerificationNotFound,
)
from trunks.ids import new_id
from trunks.models.shared_page import SharedPage
from trunks.models.verification import Verification
from trunks.repositories.phone_numbers import PhoneNumbers
from trunks.repositories.shared_pages import SharedPages
from trunks.repositories.trunks import Trunks
from trunks.repositories.verifications import Verifications
from trunks.runs.evidence import evidence_of
from trunks.store.database import Database
from trunks.tenancy.tenants import Caller

DEFAULT_DAYS = 7
MOST_DAYS = 30
MOST_OF_A_RUN = 20

_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class NewLink:
    """`url` holds the token, of which only the hash is kept."""

    page: SharedPage
    url: str


@dataclass(frozen=True, slots=True)
class OpenedPage:
    """What a link shows: the reports of a run, the deciding one first, with their numbers shortened."""

    verification_id: UUID
    expires_at: datetime
    reports: Sequence[Report]


@dataclass(frozen=True, slots=True)
class Sharing:
    database: Database
    public_url: str | None
    clock: Clock

    def share(
        self,
        caller: Caller,
        trunk_id: UUID,
        verification_id: UUID,
        *,
        days: int,
        page_id: UUID | None = None,
    ) -> NewLink:
        """Make a link to a run that has ended; of one that has this id already, whose address nobody was told, another.

        Raises PublicUrlMissing, TrunkNotFound, VerificationNotFound, EvidenceNotFound, TooManySharedPages.
        """
        if self.public_url is None:
            raise PublicUrlMissing
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        now = self.clock()
        with self.database.write() as session:
            Trunks(session).get(caller.environment_id, trunk_id)
            evidence_of(_run(Verifications(session).of(trunk_id, verification_id)))
            url = f"{self.public_url}/r/{token}"
            made = None if page_id is None else SharedPages(session).of(verification_id, page_id)
            if made is not None:
                made.token_hash = _hash(token)
                return NewLink(made, url)
            if len(SharedPages(session).standing(verification_id, now)) >= MOST_OF_A_RUN:
                raise TooManySharedPages(MOST_OF_A_RUN)
            page = SharedPage(
                id=page_id or new_id(),
                verification_id=verification_id,
                token_hash=_hash(token),
                created_at=now,
                expires_at=now + timedelta(days=days),
            )
            SharedPages(session).add(page)
        return NewLink(page, url)

    def standing(self, caller: Caller, trunk_id: UUID, verification_id: UUID) -> Sequence[SharedPage]:
        """List a run's links that still open, newest first. Raises TrunkNotFound, VerificationNotFound."""
        with self.database.read() as session:
            Trunks(session).get(caller.environment_id, trunk_id)
            _run(Verifications(session).of(trunk_id, verification_id))
            return SharedPages(session).standing(verification_id, self.clock())

    def take_back(self, caller: Caller, trunk_id: UUID, verification_id: UUID, page_id: UUID) -> None:
        """Let a link open nothing from now on. Raises TrunkNotFound, VerificationNotFound, SharedPageNotFound."""
        with self.database.write() as session:
            Trunks(session).get(caller.environment_id, trunk_id)
            _run(Verifications(session).of(trunk_id, verification_id))
            if not SharedPages(session).remove(verification_id, page_id):
                raise SharedPageNotFound

    def open(self, token: str) -> OpenedPage:
        """Give what a link shows. Raises SharedPageNotFound: for one that expired, was taken back, or never was."""
        with self.database.read() as session:
            found = SharedPages(session).opened(_hash(token), self.clock())
            if found is None:
                raise SharedPageNotFound
            page, run = found
            numbers = [each.normal for each in PhoneNumbers(session).all_of([run.trunk_id])]
            reports = [shorten_numbers(report, numbers) for report in evidence_of(run)]
            return OpenedPage(run.id, page.expires_at, reports)


def _run(found: Verification | None) -> Verification:
    if found is None:
        raise VerificationNotFound
    return found


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8")).hexdigest()
