"""A carrier behind a guard that bans whoever it counts too often, as the shipped ones do; its time is passed in.

What is counted was seen on Asterisk (pjsip) and FreeSWITCH 1.10 with fail2ban's own filters: Asterisk names every
request whose From it does not know, and every refused password, twice where the user is unknown; FreeSWITCH names every
challenge of a REGISTER, and every refusal.
"""

import hashlib
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from tests.peers.sip_reply import reply_to

REALM = "pbx.example"


class Brand(StrEnum):
    ASTERISK = "Asterisk PBX"
    FREESWITCH = "FreeSWITCH-mod_sofia/1.10.7-release"


@dataclass(frozen=True, slots=True)
class Jail:
    """Bans at so many matches within a time."""

    matches: int
    within: timedelta


# fail2ban's shipped jail, and the firewall of FreePBX.
FAIL2BAN = (Jail(10, timedelta(minutes=10)),)
FREEPBX = (Jail(10, timedelta(minutes=1)), Jail(50, timedelta(hours=1)), Jail(100, timedelta(days=1)))


@dataclass
class GuardedCarrier:
    """Answers as a script does; `accounts` are passwords by user. Silent from the moment of its ban on, for a day."""

    clock: Callable[[], datetime]
    accounts: dict[str, str] = field(default_factory=dict)
    brand: Brand = Brand.ASTERISK
    jails: Sequence[Jail] = FAIL2BAN
    matches: list[datetime] = field(default_factory=list)
    passwords: list[tuple[str, bool]] = field(default_factory=list)
    banned_at: datetime | None = None
    is_down: bool = False
    _seen: dict[bytes, bytes] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: bytes) -> list[bytes]:
        if self.is_down:
            return []
        if self.banned_at is not None and self.clock() - self.banned_at < timedelta(days=1):
            return []
        branch = _found(rb"branch=([^;\r\n]+)", request)
        with self._lock:
            # A retransmission is the same request, answered alike.
            if branch not in self._seen:
                self._seen[branch] = self._answer(request)
            return [self._seen[branch]]

    @property
    def refused(self) -> list[str]:
        """The users whose passwords were refused, one for each password."""
        return [user for user, right in self.passwords if not right]

    def most_within(self, span: timedelta) -> int:
        """The most matches that any such span of time held."""
        return max(
            (sum(first <= at < first + span for at in self.matches) for first in self.matches), default=0
        )

    def _answer(self, request: bytes) -> bytes:
        user = _found(rb"From:[^\r\n]*?sips?:([^@>;\r\n]*)@", request).decode()
        known = user in self.accounts
        by_register = request.startswith(b"REGISTER")
        authorization = _found(rb"\r\nAuthorization: ([^\r\n]*)", request)
        if self.brand is Brand.FREESWITCH:
            return self._as_freeswitch(request, user, authorization, by_register=by_register)
        if authorization:
            right = known and self._is_right(user, authorization)
            self.passwords.append((user, right))
            self._match(0 if right else 1 if known else 2)
            return self._reply(request, 200, "OK") if right else self._challenge(request)
        self._match(0 if known else 1)
        return self._challenge(request)

    def _as_freeswitch(self, request: bytes, user: str, authorization: bytes, *, by_register: bool) -> bytes:
        if not by_register:
            return self._reply(request, 200, "OK")
        if not authorization:
            self._match(1)
            return self._challenge(request)
        right = user in self.accounts and self._is_right(user, authorization)
        self.passwords.append((user, right))
        self._match(0 if right else 1)
        return self._reply(request, 200, "OK") if right else self._reply(request, 403, "Forbidden")

    def _match(self, count: int) -> None:
        now = self.clock()
        self.matches += [now] * count
        for jail in self.jails:
            if sum(now - at < jail.within for at in self.matches) >= jail.matches:
                self.banned_at = self.banned_at or now

    def _challenge(self, request: bytes) -> bytes:
        header = ("WWW-Authenticate", f'Digest realm="{REALM}", nonce="n0nce", qop="auth", algorithm=MD5')
        return self._reply(request, 401, "Unauthorized", header)

    def _reply(self, request: bytes, status: int, phrase: str, *headers: tuple[str, str]) -> bytes:
        return reply_to(request, status, phrase, headers=[("Server", self.brand), *headers])

    def _is_right(self, user: str, authorization: bytes) -> bool:
        """Compute the digest by hand, so that the peer does not lean on the code under test (RFC 2617 §3.2.2.1)."""
        given = {
            name.decode(): value.decode() for name, value in re.findall(rb'(\w+)="?([^",]*)', authorization)
        }
        secret = _md5(f"{user}:{REALM}:{self.accounts[user]}")
        asked = _md5(f"REGISTER:{given['uri']}")
        expected = _md5(f"{secret}:{given['nonce']}:{given['nc']}:{given['cnonce']}:{given['qop']}:{asked}")
        return bool(given["username"] == user and given["response"] == expected)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _found(pattern: bytes, text: bytes) -> bytes:
    match = re.search(pattern, text)
    return b"" if match is None else match[1]
