"""What befalls an installation: each bad day spoils a prepared one, and says what every command is to tell."""

import base64
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from trunks.installation.settings import DATABASE_FILE_NAME
from trunks.secrets.keys import KEY_FILE_NAME

# Offsets of SQLite's file format (https://www.sqlite.org/fileformat.html, §1.3).
_HEADER_BYTES = 100
_PAGE_SIZE_AT = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class BadDay:
    """`told` is what each command says, and `not_met` names those that do their work all the same."""

    spoil: Callable[[Path], None]
    told: tuple[str, ...]
    failing: frozenset[str]
    not_met: frozenset[str] = frozenset()


def newer_schema(folder: Path) -> None:
    _write(folder, "UPDATE alembic_version SET version_num = '9999'")


def older_schema(folder: Path) -> None:
    _write(folder, "UPDATE alembic_version SET version_num = 'r0021'")


def cut_off(folder: Path) -> None:
    (folder / DATABASE_FILE_NAME).write_bytes(b"")


def no_database(folder: Path) -> None:
    (folder / DATABASE_FILE_NAME).write_text("This is no database.\n" * 1000)


def header_lost(folder: Path) -> None:
    with (folder / DATABASE_FILE_NAME).open("r+b") as file:
        file.write(b"\xff" * _HEADER_BYTES)


def page_lost(folder: Path) -> None:
    """Overwrite the page that the tenants are on."""
    with closing(sqlite3.connect(folder / DATABASE_FILE_NAME)) as database:
        (page,) = database.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'environments'"
        ).fetchone()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with (folder / DATABASE_FILE_NAME).open("r+b") as file:
        file.seek(_PAGE_SIZE_AT)
        size = int.from_bytes(file.read(2), "big")
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)


def another_key(folder: Path) -> None:
    """As with a backup beside a fresh key file: the id is the same."""
    _write_key(folder, f"k1:{base64.b64encode(os.urandom(32)).decode()}\n")


def no_key(folder: Path) -> None:
    (folder / KEY_FILE_NAME).unlink()


def garbled_key(folder: Path) -> None:
    _write_key(folder, "\xff\xfe")


def empty_key(folder: Path) -> None:
    _write_key(folder, "")


def open_key(folder: Path) -> None:
    (folder / KEY_FILE_NAME).chmod(0o644)


def shut_key(folder: Path) -> None:
    (folder / KEY_FILE_NAME).chmod(0o000)


def key_is_a_folder(folder: Path) -> None:
    (folder / KEY_FILE_NAME).unlink()
    (folder / KEY_FILE_NAME).mkdir()


def database_is_a_folder(folder: Path) -> None:
    for file in folder.glob(f"{DATABASE_FILE_NAME}*"):
        file.unlink()
    (folder / DATABASE_FILE_NAME).mkdir()


def shut_database(folder: Path) -> None:
    (folder / DATABASE_FILE_NAME).chmod(0o000)


def read_only_database(folder: Path) -> None:
    (folder / DATABASE_FILE_NAME).chmod(0o400)


def read_only_folder(folder: Path) -> None:
    for file in folder.iterdir():
        file.chmod(0o400)
    folder.chmod(0o500)


def _write(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / DATABASE_FILE_NAME)) as database, database:
        database.execute(statement)


def _write_key(folder: Path, text: str) -> None:
    (folder / KEY_FILE_NAME).write_text(text, encoding="latin-1")


_STORE = frozenset({"store", "secrets", "rows", "knocks", "numbers"})
_KEYS = frozenset({"keys", "secrets"})
# They ask the infrastructure first, and here is none.
_OF_THE_VOICE = frozenset({"provision list", "provision adopt", "provision purge"})
_DAMAGED = ("is damaged", "restore the newest backup")

BAD_DAYS = {
    "newer-schema": BadDay(
        spoil=newer_schema,
        told=("schema 9999", "newer version", "restore the backup"),
        failing=_STORE,
    ),
    "older-schema": BadDay(
        spoil=older_schema,
        told=("schema r0021", "run trunkd migrate"),
        failing=_STORE,
        not_met=frozenset({"up", "migrate"}),
    ),
    "cut-off": BadDay(spoil=cut_off, told=("is empty", "restore the newest backup"), failing=_STORE),
    "no-database": BadDay(spoil=no_database, told=_DAMAGED, failing=_STORE),
    "header-lost": BadDay(spoil=header_lost, told=_DAMAGED, failing=_STORE),
    "page-lost": BadDay(
        spoil=page_lost,
        told=_DAMAGED,
        failing=frozenset({"store"}),
        not_met=_OF_THE_VOICE | {"token revoke", "keys rotate"},
    ),
    "another-key": BadDay(
        spoil=another_key, told=("k1", "another key", "put back"), failing=frozenset({"secrets"})
    ),
    "no-key": BadDay(spoil=no_key, told=("secret-keys", "restore", "passwor"), failing=_KEYS),
    "garbled-key": BadDay(spoil=garbled_key, told=("secret-keys cannot be used", "restore"), failing=_KEYS),
    "empty-key": BadDay(spoil=empty_key, told=("secret-keys cannot be used", "restore"), failing=_KEYS),
    "open-key": BadDay(spoil=open_key, told=("run chmod 600",), failing=_KEYS),
    "shut-key": BadDay(spoil=shut_key, told=("secret-keys cannot be read", "chown"), failing=_KEYS),
    "key-is-a-folder": BadDay(
        spoil=key_is_a_folder, told=("secret-keys is no file", "restore the file"), failing=_KEYS
    ),
    "database-is-a-folder": BadDay(
        spoil=database_is_a_folder, told=("sqlite is no file", "restore the newest backup"), failing=_STORE
    ),
    "shut-database": BadDay(spoil=shut_database, told=("cannot be opened", "chown"), failing=_STORE),
    "read-only-database": BadDay(
        spoil=read_only_database,
        told=("cannot be written", "chown"),
        failing=frozenset({"store"}),
        not_met=_OF_THE_VOICE | {"environment list", "token list"},
    ),
    "read-only-folder": BadDay(
        spoil=read_only_folder, told=("cannot be written",), failing=_STORE | {"data-dir"}
    ),
}
