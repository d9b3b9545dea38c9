"""The keys that stored secrets are encrypted under: from the settings, or from a file in the data directory."""

import base64
import binascii
import itertools
import os
import re
import secrets
import stat
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trunks.errors import DataDirUnusable, KeysUnusable

KEY_FILE_NAME = "secret-keys"
KEY_BYTES = 32

_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)
_FORM = "id:base64 of 32 bytes, such as k1:$(openssl rand -base64 32)"


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A 256-bit key; its id is written in front of what it encrypts."""

    id: str
    material: bytes = field(repr=False)


def parse_keys(text: str) -> tuple[SecretKey, ...]:
    """Read `id:base64` entries, newest first, separated by commas.

    Raises ValueError, whose text shows no key material.
    """
    keys = tuple(_parse_key(entry.strip(), number) for number, entry in enumerate(text.split(","), 1))
    ids = [key.id for key in keys]
    if len(set(ids)) < len(ids):
        raise ValueError("two keys have the same id; give each its own")
    return keys


def _parse_key(entry: str, number: int) -> SecretKey:
    key_id, colon, encoded = entry.partition(":")
    if not colon or not _KEY_ID.fullmatch(key_id):
        raise ValueError(f"key {number} is not of the form {_FORM}")
    try:
        material = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise ValueError(f"key {number} is not base64; write {_FORM}") from None
    if len(material) != KEY_BYTES:
        raise ValueError(f"key {number} has {len(material)} bytes; write {_FORM}")
    return SecretKey(key_id, material)


def written_keys(keys: Sequence[SecretKey]) -> str:
    """Write keys as parse_keys reads them."""
    return ",".join(f"{key.id}:{base64.b64encode(key.material).decode('ascii')}" for key in keys)


def new_key(known: Collection[str]) -> SecretKey:
    """Make a key whose id is none of those that are known."""
    number = next(number for number in itertools.count(1) if f"k{number}" not in known)
    return SecretKey(f"k{number}", secrets.token_bytes(KEY_BYTES))


def make_key_file(folder: Path) -> None:
    """Write a new key with mode 0600; a file that is there stays as it is. Raises DataDirUnusable."""
    try:
        temporary = _write_beside(folder, (new_key(()),), folder.stat())
        try:
            # Linked, not renamed: of two processes that start at once one makes the key, and both read it.
            os.link(temporary, folder / KEY_FILE_NAME)
        except FileExistsError:
            return
        finally:
            temporary.unlink()
    except OSError as error:
        raise DataDirUnusable(f"{folder} cannot hold the key file: {error.strerror}.") from error


def replace_key_file(folder: Path, keys: Sequence[SecretKey]) -> None:
    """Write these keys in place of the file's, whole or not at all, with mode 0600 and its owner.

    Raises DataDirUnusable.
    """
    path = folder / KEY_FILE_NAME
    try:
        _write_beside(folder, keys, (path if path.exists() else folder).stat()).rename(path)
        # Else the name could lead to the old file again after a loss of power, and nothing sealed since would open.
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise DataDirUnusable(f"{folder} cannot hold the key file: {error.strerror}.") from error


def _write_beside(folder: Path, keys: Sequence[SecretKey], owned_as: os.stat_result) -> Path:
    """Write a file that belongs to whom the other did: root may write what the service has to read as its user."""
    temporary = folder / f".{KEY_FILE_NAME}.{os.getpid()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            if (owned_as.st_uid, owned_as.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(file.fileno(), owned_as.st_uid, owned_as.st_gid)
            file.write(written_keys(keys) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def read_key_file(folder: Path) -> tuple[SecretKey, ...]:
    """Read the keys of an installation. Raises KeysUnusable with the file, the fault and the fix."""
    path = folder / KEY_FILE_NAME
    try:
        found = path.stat().st_mode
        if not stat.S_ISREG(found):
            raise KeysUnusable(f"{path} is no file; move it away, and restore the file from the backup.")
        mode = stat.S_IMODE(found)
        if mode & 0o077:
            raise KeysUnusable(f"{path} can be read by others (mode {mode:04o}); run chmod 600 {path}.")
        return parse_keys(path.read_text(encoding="ascii").strip())
    except FileNotFoundError:
        raise KeysUnusable(
            f"{path} does not exist: restore it from the backup. trunkd migrate makes one where no password is stored."
        ) from None
    except OSError as error:
        raise KeysUnusable(
            f"{path} cannot be read: {error.strerror}; chown it to the user that trunkd runs as, with mode 0600."
        ) from error
    except ValueError as error:
        # The text of what cannot be decoded would show what is in the file.
        fault = "it is no text" if isinstance(error, UnicodeError) else str(error)
        raise KeysUnusable(
            f"{path} cannot be used: {fault}. If it was overwritten, restore it from the backup."
        ) from error
