"""Sessions of the console."""

from datetime import datetime

from sqlalchemy import Row, delete, select

from trunks.models.console_session import ConsoleSession
from trunks.models.environment import ApiToken, Environment
from trunks.repositories.repository import Repository


class ConsoleSessions(Repository):
    def add(self, session: ConsoleSession) -> None:
        self._session.add(session)

    def token_of(self, secret_hash: str, now: datetime) -> Row[str, str | None, str | None] | None:
        """Find a session whose time is not over: its token's hash, the environment's name and the chosen language; an
        operator's token is of no environment.
        """
        return self._session.execute(
            select(ApiToken.token_hash, Environment.name, ConsoleSession.language)
            .join(ConsoleSession, ConsoleSession.token_id == ApiToken.id)
            .outerjoin(Environment, Environment.id == ApiToken.environment_id)
            .where(ConsoleSession.secret_hash == secret_hash, ConsoleSession.expires_at > now)
        ).first()

    def speak(self, secret_hash: str, language: str) -> None:
        """Keep the language that was chosen."""
        self._change(ConsoleSession, ConsoleSession.secret_hash == secret_hash, language=language)

    def remove(self, secret_hash: str) -> None:
        self._session.execute(delete(ConsoleSession).where(ConsoleSession.secret_hash == secret_hash))
