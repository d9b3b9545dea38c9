"""Who is signed in at the console (docs/design/console.md, "Sessions")."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from trunks.clock import Clock
from trunks.models.console_session import ConsoleSession
from trunks.repositories.console_sessions import ConsoleSessions
from trunks.store.database import Database
from trunks.tenancy.tenants import Bearer, Tenants

LASTS = timedelta(hours=12)

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whom a session speaks for, the name of his environment, which an operator has not, and the language that he
    chose.
    """

    bearer: Bearer
    environment: str | None
    language: str | None


@dataclass(frozen=True, slots=True)
class Sessions:
    database: Database
    tenants: Tenants
    clock: Clock

    def begin(self, token: str, language: str | None = None) -> str | None:
        """Sign in with a token of the API; give what the cookie holds, or None for a token that does not stand."""
        bearer = self.tenants.bearer(token)
        if bearer is None:
            return None
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        now = self.clock()
        with self.database.write() as session:
            ConsoleSessions(session).add(
                ConsoleSession(
                    token_id=bearer.token_id,
                    secret_hash=_hash(secret),
                    created_at=now,
                    expires_at=now + LASTS,
                    language=language,
                )
            )
        return secret

    def find(self, secret: str) -> Visitor | None:
        """Find whom a session speaks for; None once it is over: by its time, by signing out, or with its token."""
        with self.database.read() as session:
            found = ConsoleSessions(session).token_of(_hash(secret), self.clock())
        if found is None:
            return None
        token_hash, environment, language = found
        bearer = self.tenants.of_hashes([token_hash]).get(token_hash)
        return None if bearer is None else Visitor(bearer, environment, language)

    def speak(self, secret: str, language: str) -> None:
        """Keep the language that somebody chose."""
        with self.database.write() as session:
            ConsoleSessions(session).speak(_hash(secret), language)

    def end(self, secret: str) -> None:
        """Sign out."""
        with self.database.write() as session:
            ConsoleSessions(session).remove(_hash(secret))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8")).hexdigest()
