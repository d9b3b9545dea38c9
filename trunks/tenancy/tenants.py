"""Environments and tokens: made by the operator, asked at every request."""

import hashlib
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from trunks.clock import Clock
from trunks.errors import EnvironmentExists, EnvironmentNotFound, TokenNotFound
from trunks.models.environment import ApiToken, Environment, TokenScope
from trunks.repositories.tenants import ApiTokens, Environments, StandingToken
from trunks.store.database import Database

DEFAULT_ENVIRONMENT = "default"
DEFAULT_REQUESTS_PER_MINUTE = 1000
DEFAULT_MAX_NUMBERS = 1000

_TOKEN_PREFIX = "trunks_"  # noqa: S105 - what leaked tokens are recognised by, no secret
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """An environment, and what its plan includes."""

    environment_id: UUID
    allow_custom_sip_trunks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller(Tenant):
    """Whom a token speaks for: an environment, and whether it may change anything there."""

    token_id: UUID
    may_write: bool = True
    requests_per_minute: int = DEFAULT_REQUESTS_PER_MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Whoever runs the installation: of no environment, and known to the operator's pages alone."""

    token_id: UUID
    requests_per_minute: int = DEFAULT_REQUESTS_PER_MINUTE


Bearer = Caller | Operator


@dataclass(frozen=True, slots=True)
class Tenants:
    database: Database
    clock: Clock

    def create_environment(
        self,
        name: str,
        *,
        allow_custom_sip_trunks: bool = True,
        requests_per_minute: int = DEFAULT_REQUESTS_PER_MINUTE,
        shares_asking: bool = True,
        max_numbers: int = DEFAULT_MAX_NUMBERS,
        allow_test_calls: bool = False,
        call_countries: Sequence[str] = (),
    ) -> Environment:
        """Make a tenant. Raises EnvironmentExists."""
        environment = Environment(
            name=name,
            allow_custom_sip_trunks=allow_custom_sip_trunks,
            requests_per_minute=requests_per_minute,
            shares_asking=shares_asking,
            max_numbers=max_numbers,
            allow_test_calls=allow_test_calls,
            call_countries=_written(call_countries),
            created_at=self.clock(),
        )
        try:
            with self.database.write() as session:
                Environments(session).add(environment)
        except IntegrityError as error:
            raise EnvironmentExists(f"There is an environment {name!r} already.") from error
        return environment

    def change_calls(
        self, name: str, *, allow_test_calls: bool | None = None, call_countries: Sequence[str] | None = None
    ) -> None:
        """Say whether a tenant may make test calls, and to which countries, none for those of its numbers; what is None
        stays. Raises EnvironmentNotFound.
        """
        values: dict[str, object] = {}
        if allow_test_calls is not None:
            values["allow_test_calls"] = allow_test_calls
        if call_countries is not None:
            values["call_countries"] = _written(call_countries)
        with self.database.write() as session:
            environment = _named(session, name)
            for column, value in values.items():
                setattr(environment, column, value)

    def named(self, name: str) -> Tenant:
        """Look an environment up. Raises EnvironmentNotFound."""
        with self.database.read() as session:
            found = _named(session, name)
            return Tenant(environment_id=found.id, allow_custom_sip_trunks=found.allow_custom_sip_trunks)

    def environments(self) -> Sequence[Environment]:
        with self.database.read() as session:
            return Environments(session).all()

    def create_token(self, environment_name: str, *, label: str = "", read_only: bool = False) -> str:
        """Make a token and give it; only its hash is kept. Raises EnvironmentNotFound."""
        scope = TokenScope.READ_ONLY if read_only else TokenScope.FULL
        with self.database.write() as session:
            return self._add_token(session, scope, label, _named(session, environment_name).id)

    def create_operator_token(self, *, label: str = "") -> str:
        """Make a token of whoever runs the installation and give it; only its hash is kept."""
        with self.database.write() as session:
            return self._add_token(session, TokenScope.OPERATOR, label, None)

    def _add_token(self, session: Session, scope: TokenScope, label: str, environment_id: UUID | None) -> str:
        text = _TOKEN_PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)
        ApiTokens(session).add(
            ApiToken(
                environment_id=environment_id,
                scope=scope,
                label=label,
                token_hash=_hash(text),
                created_at=self.clock(),
            )
        )
        return text

    def create_default(self) -> str | None:
        """Make the first environment with a token and give that; None when there is an environment already."""
        if self.environments():
            return None
        try:
            self.create_environment(DEFAULT_ENVIRONMENT)
        except EnvironmentExists:  # another process was first, and prints its token
            return None
        return self.create_token(DEFAULT_ENVIRONMENT, label="made at the first start")

    def tokens(self) -> Sequence[ApiToken]:
        with self.database.read() as session:
            return ApiTokens(session).all()

    def revoke_token(self, token_id: UUID) -> None:
        """Make a token useless from now on. Raises TokenNotFound."""
        with self.database.write() as session:
            if not ApiTokens(session).revoke(token_id, self.clock()):
                raise TokenNotFound(f"There is no standing token {token_id}; trunkd token list shows them.")

    def authenticate(self, token: str) -> Caller | None:
        """Find which environment a token speaks for; None for one that is unknown, revoked or the operator's."""
        bearer = self.bearer(token)
        return bearer if isinstance(bearer, Caller) else None

    def bearer(self, token: str) -> Bearer | None:
        """Say who has this token, and what he may: a Caller sees his environment and changes it if `may_write`, an
        Operator sees the operator's pages; None for a token that is unknown or revoked.
        """
        return self.bearers([token])[0]

    def bearers(self, tokens: Sequence[str]) -> list[Bearer | None]:
        """Say it of each of these tokens, by one question."""
        hashes = [_hash(token) for token in tokens]
        known = self.of_hashes(set(hashes))
        return [known.get(each) for each in hashes]

    def of_hashes(self, token_hashes: Collection[str]) -> Mapping[str, Bearer]:
        """Say it of tokens that are known by their hashes, as sessions know theirs; those that are revoked are left
        out.
        """
        with self.database.question() as session:
            standing = ApiTokens(session).standing(token_hashes)
        return {found.token_hash: _bearer(found) for found in standing}


def _bearer(found: StandingToken) -> Bearer:
    if found.scope is TokenScope.OPERATOR:
        return Operator(token_id=found.id)
    return Caller(
        environment_id=found.environment_id,
        token_id=found.id,
        allow_custom_sip_trunks=found.allow_custom_sip_trunks,
        may_write=found.scope is TokenScope.FULL,
        requests_per_minute=found.requests_per_minute,
    )


def _written(countries: Sequence[str]) -> str | None:
    return " ".join(sorted(set(countries))) or None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8")).hexdigest()


def _named(session: Session, name: str) -> Environment:
    found = Environments(session).named(name)
    if found is None:
        raise EnvironmentNotFound(f"There is no environment {name!r}; trunkd environment list shows them.")
    return found
