"""POSTs under an Idempotency-Key: each is done once, and whoever sends it again is given the first answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.clock import Clock
from trunks.errors import TrunksError
from trunks.ids import new_id
from trunks.models.idempotent_request import IdempotentRequest
from trunks.repositories.idempotent_requests import IdempotentRequests
from trunks.secrets.answer_box import AnswerBox
from trunks.store.database import Database
from trunks.tenancy.installation_keys import InstallationKeyring
from trunks.tenancy.plain_content import plain_content

_KEPT_FOR = timedelta(hours=24)

# A request whose process is gone may be done again after this; whoever is at it renews its lease meanwhile.
LEASE_SECONDS = 10.0

_OUR_FAULT = 500

# Each new request takes some old ones away, more than come in.
_FORGOTTEN_AT_ONCE = 20


class IdempotencyKeyReused(TrunksError):
    """This Idempotency-Key was used for another request; give each request a key of its own."""


class IdempotencyKeyInUse(TrunksError):
    """The first request with this Idempotency-Key is still under way; try again in a moment."""

    def __init__(self, lease_seconds: float) -> None:
        super().__init__()
        self.lease_seconds = lease_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedRequest:
    """A POST with its key, as it came."""

    environment_id: UUID
    method: str
    path: str
    key: str
    query: bytes = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class RequestClaim:
    """A request that is ours to do, until the lease is over.

    `makes_id` is for what it creates, and the same for whoever does it again: what is there already is not made
    a second time.
    """

    name: str
    claim_id: UUID
    makes_id: UUID


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What the first was answered; `headers`, in lower case, without those that each answer has of its own."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def is_passing(self) -> bool:
        """Whether it is not to be kept: what failed on our side, or says when to ask again, may come to something else
        the next time.
        """
        return self.status >= _OUR_FAULT or "retry-after" in self.headers


@dataclass(frozen=True, slots=True)
class KeyedRequests:
    """A claim stands for LEASE_SECONDS, and longer for whoever renews it."""

    database: Database
    own_keys: InstallationKeyring
    clock: Clock

    def begin(self, request: KeyedRequest) -> RequestClaim | KeptAnswer:
        """Claim the request, or give the answer of the one that came first.

        Raises IdempotencyKeyReused, IdempotencyKeyInUse, SecretUnreadable, StoreUnavailable.
        """
        hashed = self.own_keys.request_hash()
        name = hashed.name(request.environment_id, request.method, request.path, request.key)
        content_hash = hashed.content(request.query, plain_content(request.body))
        # Before the transaction: whoever needs the key first makes it in one of its own.
        answers = self.own_keys.answer_box()
        with self.database.write() as session:
            now = self.clock()
            claim = RequestClaim(name, new_id(), new_id())
            rows = IdempotentRequests(session)
            rows.delete_older(now - _KEPT_FOR, limit=_FORGOTTEN_AT_ONCE)
            if rows.insert(
                {
                    "id": claim.makes_id,
                    "environment_id": request.environment_id,
                    "name": name,
                    "content_hash": content_hash,
                    "claim_id": claim.claim_id,
                    "lease_until": self._lease_from(now),
                    "created_at": now,
                }
            ):
                return claim
            return self._meet(session, claim, content_hash, answers, now)

    def _lease_from(self, now: datetime) -> datetime:
        return now + timedelta(seconds=LEASE_SECONDS)

    def _meet(
        self, session: Session, claim: RequestClaim, content_hash: str, answers: AnswerBox, now: datetime
    ) -> RequestClaim | KeptAnswer:
        row = IdempotentRequests(session).locked(claim.name)
        if row is None:  # given up in between: free for whoever asks next
            raise IdempotencyKeyInUse(0.0)
        is_another = row.content_hash != content_hash
        if row.created_at + _KEPT_FOR <= now or (is_another and _is_given_up(row)):
            row.id, row.content_hash, row.created_at = claim.makes_id, content_hash, now
            return self._take_over(row, claim, now)
        if is_another:
            raise IdempotencyKeyReused
        if row.status is not None:
            return KeptAnswer(row.status, row.headers or {}, _body_of(row, answers))
        if row.lease_until > now:
            raise IdempotencyKeyInUse((row.lease_until - now).total_seconds())
        return self._take_over(row, claim, now)

    def _take_over(self, row: IdempotentRequest, claim: RequestClaim, now: datetime) -> RequestClaim:
        row.claim_id = claim.claim_id
        row.lease_until = self._lease_from(now)
        row.status = row.headers = row.body = row.sealed_body = None
        return replace(claim, makes_id=row.id)

    def renew(self, claim: RequestClaim) -> bool:
        """Keep a claim while its request goes on; false when the lease was lost. Raises StoreUnavailable."""
        with self.database.write() as session:
            return IdempotentRequests(session).change_claimed(
                claim.name, claim.claim_id, {"lease_until": self._lease_from(self.clock())}
            )

    def finish(self, claim: RequestClaim, answer: KeptAnswer) -> bool:
        """Keep the answer, sealed, for those who come again; false when the lease was lost.

        Raises SecretUnreadable, StoreUnavailable.
        """
        sealed = self.own_keys.answer_box().seal(answer.body, claim.name)
        with self.database.write() as session:
            return IdempotentRequests(session).change_claimed(
                claim.name,
                claim.claim_id,
                {"status": answer.status, "headers": dict(answer.headers), "sealed_body": sealed},
            )

    def release(self, claim: RequestClaim) -> None:
        """Give up a request whose answer is not to be kept, so that it may be sent again. Raises StoreUnavailable.

        What it creates keeps its id: what it was answered says nothing of how far it came.
        """
        with self.database.write() as session:
            IdempotentRequests(session).give_up(claim.name, claim.claim_id)


def _body_of(row: IdempotentRequest, answers: AnswerBox) -> bytes:
    return (row.body or b"") if row.sealed_body is None else answers.open(row.sealed_body, row.name)


def _is_given_up(row: IdempotentRequest) -> bool:
    return row.status is None and row.lease_until <= row.created_at
