"""Passwords that a carrier has refused, remembered between the runs of a monitoring system: none is sent twice.

A file for each set of credentials, named by a keyed hash of them, holds what became of them. It is locked from before
they leave until their answer is read, so that of two runs at once the second one waits and then knows. A run that is
killed leaves the mark that they were sent; for a quarter of an hour that counts as a refusal (docs/decisions/0010).
"""

import asyncio
import fcntl
import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from sipcheck.credentials import Credentials
from sipcheck.errors import CallerError
from sipcheck.reasons import CREDENTIALS_REFUSED, Reason
from sipcheck.report.model import Report
from sipcheck.target import Target

UNREAD_SECONDS = 900
_KEY_BYTES = 32
_RECORD_BYTES = 256
_LOOK_SECONDS = 0.05
# What nobody has asked for in so long belongs to a password or a trunk that is no more; looked for once a day.
_FORGET_SECONDS = 180 * 86400
_LOOK_THROUGH_SECONDS = 86400


class StateUnusable(CallerError):
    """The folder for what was refused cannot be used."""


class Fate(StrEnum):
    """What is known of credentials before they are sent."""

    UNKNOWN = "unknown"
    SENT = "sent"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why credentials were not sent: they were rejected, or were sent `at` a moment and nobody read the answer."""

    fate: Fate
    at: datetime

    def __str__(self) -> str:
        moment = self.at.strftime("%Y-%m-%d %H:%M:%S UTC")
        if self.fate is Fate.REJECTED:
            return f"refused on {moment} and unchanged since, so not sent again"
        until = (self.at + timedelta(seconds=UNREAD_SECONDS)).strftime("%H:%M:%S UTC")
        return f"sent on {moment} by a run that did not read the answer, so not sent before {until}"


class Rejections:
    """The folder; it is made where it is missing, for its owner alone. Raises StateUnusable."""

    def __init__(self, folder: Path) -> None:
        self._given = folder
        self._folder = folder / "credentials"
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._key = _read_key(folder / "key")
            self._forget_old(time.time())
        except OSError as error:
            raise self.unusable(error) from error

    def unusable(self, error: OSError) -> StateUnusable:
        """Say why the folder is of no use."""
        given = str(self._given)
        return StateUnusable(
            f"--state-dir {given!r} cannot be used: {error.strerror}; give a folder of your own"
        )

    @contextmanager
    def watching(self, target: Target, credentials: Credentials) -> Iterator["Sending"]:
        """Watch one run: what is sent in this block and not settled counts as unread."""
        sending = Sending(self, target, credentials)
        try:
            yield sending
        finally:
            sending.close()

    def name(self, target: Target, credentials: Credentials, realm: str) -> Path:
        """The file of these credentials."""
        parts = (
            target.domain,
            realm,
            credentials.username,
            credentials.digest_username,
            credentials.password,
        )
        written = json.dumps(parts).encode("utf-8")
        return self._folder / hmac.new(self._key, written, hashlib.sha256).hexdigest()

    def _forget_old(self, now: float) -> None:
        """Remove the files that no run has looked into for half a year."""
        looked = self._given / "looked-through"
        with suppress(FileNotFoundError):
            if looked.stat().st_mtime > now - _LOOK_THROUGH_SECONDS:
                return
        looked.touch(mode=0o600)
        for file in self._folder.iterdir():
            with suppress(FileNotFoundError):
                if file.stat().st_mtime < now - _FORGET_SECONDS:
                    file.unlink()


@dataclass(eq=False)
class Sending:
    """One run's say over its credentials; `withheld` says why they stayed here."""

    rejections: Rejections
    target: Target
    credentials: Credentials = field(repr=False)
    withheld: Withheld | None = None
    _held: dict[Path, int] = field(default_factory=dict)
    _fault: OSError | None = None

    async def before_credentials(self, realm: str) -> Reason | None:
        """Withhold what was refused before; else note that it leaves. Waits for another run that has it on its way."""
        path = self.rejections.name(self.target, self.credentials, realm)
        if path in self._held:
            return None
        try:
            return await self._take(path)
        except OSError as error:
            self._fault = error  # what cannot be noted is not sent
            return Reason.CREDENTIALS_FROZEN

    async def _take(self, path: Path) -> Reason | None:
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            while not _locked(opened):  # noqa: ASYNC110 - another process unlocks it, which tells nobody
                await asyncio.sleep(_LOOK_SECONDS)
            os.utime(opened)
            self.withheld = _withheld(*_read(opened), datetime.now(UTC))
            if self.withheld is not None:
                return Reason.CREDENTIALS_FROZEN
            _write(opened, Fate.SENT)
            self._held[path] = opened
            return None
        finally:
            if path not in self._held:
                os.close(opened)

    def settle(self, report: Report) -> None:
        """Note what the carrier said of what was sent. Raises StateUnusable where nothing could be noted."""
        fate = Fate.REJECTED if report.reason in CREDENTIALS_REFUSED else Fate.UNKNOWN
        try:
            if self._fault is not None:
                raise self._fault
            for opened in self._held.values():
                _write(opened, fate)
        except OSError as error:
            raise self.rejections.unusable(error) from error

    def close(self) -> None:
        """Let others have them."""
        while self._held:
            _, opened = self._held.popitem()
            os.close(opened)


def _read_key(path: Path) -> bytes:
    """Read the key of the hashes; made once, whole, whoever comes first."""
    with suppress(FileNotFoundError):
        key = path.read_bytes()
        if path.stat().st_mode & 0o077:
            raise StateUnusable(f"{str(path)!r} can be read by others; say chmod 600 {path}")
        return key
    made = path.with_name(f"key.{os.getpid()}.{secrets.token_hex(4)}")
    made.touch(mode=0o600)
    made.write_bytes(secrets.token_bytes(_KEY_BYTES))
    try:
        with suppress(FileExistsError):
            path.hardlink_to(made)
    finally:
        made.unlink()
    return path.read_bytes()


def _locked(opened: int) -> bool:
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(opened: int) -> tuple[Fate, datetime]:
    """Read a record; what is none says nothing."""
    with suppress(ValueError, KeyError, TypeError):
        record = json.loads(os.pread(opened, _RECORD_BYTES, 0))
        return Fate(record["fate"]), datetime.fromisoformat(record["at"]).astimezone(UTC)
    return Fate.UNKNOWN, datetime.fromtimestamp(0, UTC)


def _withheld(fate: Fate, at: datetime, now: datetime) -> Withheld | None:
    unread = fate is Fate.SENT and abs(now - at) < timedelta(seconds=UNREAD_SECONDS)
    return Withheld(fate, at) if fate is Fate.REJECTED or unread else None


def _write(opened: int, fate: Fate) -> None:
    """Write the whole record in one call, so that no end of the process leaves half of it."""
    record = json.dumps({"fate": fate, "at": datetime.now(UTC).isoformat(timespec="seconds")})
    os.pwrite(opened, record.ljust(_RECORD_BYTES).encode("ascii"), 0)
