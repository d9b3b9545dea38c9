"""Environments and their tokens."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, bindparam, select

from trunks.models.environment import ApiToken, Environment, TokenScope
from trunks.repositories.repository import Repository

StandingToken = Row[UUID, str, TokenScope, UUID | None, bool | None, int | None]

# Composed once: each request asks it.
_STANDING = (
    select(
        ApiToken.id,
        ApiToken.token_hash,
        ApiToken.scope,
        ApiToken.environment_id,
        Environment.allow_custom_sip_trunks,
        Environment.requests_per_minute,
    )
    .join(Environment, Environment.id == ApiToken.environment_id, isouter=True)
    .where(ApiToken.token_hash.in_(bindparam("token_hashes", expanding=True)), ApiToken.revoked_at.is_(None))
)


class Environments(Repository):
    def add(self, environment: Environment) -> None:
        """Insert at once, so that a name that is taken shows here (IntegrityError)."""
        self._session.add(environment)
        self._session.flush()

    def lock(self, environment_id: UUID) -> None:
        """Keep others from what may be done once at a time in an environment, until this transaction ends."""
        self._session.execute(
            select(Environment.id).where(Environment.id == environment_id).with_for_update(key_share=True)
        )

    def max_numbers(self, environment_id: UUID) -> int:
        """How many phone numbers its trunks may have, kept from others who would enter some meanwhile."""
        return self._session.scalars(
            select(Environment.max_numbers)
            .where(Environment.id == environment_id)
            .with_for_update(key_share=True)
        ).one()

    def named(self, name: str) -> Environment | None:
        return self._session.scalar(select(Environment).where(Environment.name == name))

    def all(self) -> Sequence[Environment]:
        return self._session.scalars(select(Environment).order_by(Environment.id)).all()


class ApiTokens(Repository):
    def add(self, token: ApiToken) -> None:
        self._session.add(token)

    def standing(self, token_hashes: Collection[str]) -> Sequence[StandingToken]:
        """Find the tokens of these hashes with what their environments may do; not those that are revoked."""
        return self._session.execute(_STANDING, {"token_hashes": list(token_hashes)}).all()

    def all(self) -> Sequence[ApiToken]:
        return self._session.scalars(select(ApiToken).order_by(ApiToken.id)).all()

    def revoke(self, token_id: UUID, now: datetime) -> bool:
        """Mark as revoked; false when there is no such token, or it was revoked before."""
        return self._change(ApiToken, ApiToken.id == token_id, ApiToken.revoked_at.is_(None), revoked_at=now)
