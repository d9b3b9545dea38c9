"""Passwords that were refused in this sweep: none is sent twice, in whichever rows and spellings of a target it is."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from sipcheck.credentials import BeforeCredentials, Credentials
from sipcheck.reasons import CREDENTIALS_REFUSED, Reason
from sipcheck.report.model import Report
from sipcheck.target import Target

# Whose password it is, wherever the row says that it leads.
_Account = tuple[str, str, str, str]


@dataclass(eq=False)
class RefusedPassword:
    """One account that stands in several rows: they are proven one after the other, and the later ones know."""

    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _refused: set[str] = field(default_factory=set)
    _asked: set[str] = field(default_factory=set)

    async def __aenter__(self) -> BeforeCredentials:
        """Wait for the row before; gives what is asked before credentials leave."""
        await self._turn.acquire()
        self._asked.clear()
        return self._before_credentials

    async def __aexit__(self, *_: object) -> None:
        self._turn.release()

    def settle(self, report: Report) -> None:
        """Take in what the carrier said of what this row has sent."""
        if report.reason in CREDENTIALS_REFUSED:
            self._refused |= self._asked

    async def _before_credentials(self, realm: str) -> Reason | None:
        if realm in self._refused:
            return Reason.CREDENTIALS_FROZEN
        self._asked.add(realm)
        return None


class RefusedPasswords:
    """Of one sweep. An account of one row alone has nothing to know, and goes by the fast path."""

    def __init__(self, rows: Iterable[tuple[Target, Credentials]]) -> None:
        counted = Counter(_account(target, credentials) for target, credentials in rows)
        self._several = {account: RefusedPassword() for account, count in counted.items() if count > 1}

    def of(self, target: Target, credentials: Credentials | None) -> RefusedPassword | None:
        return None if credentials is None else self._several.get(_account(target, credentials))


def _account(target: Target, credentials: Credentials) -> _Account:
    return target.domain, credentials.username, credentials.digest_username, credentials.password
