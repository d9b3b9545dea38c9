"""What befell SQLite's file, by the code of SQLite's error (https://www.sqlite.org/rescode.html)."""

import os
import sqlite3
from pathlib import Path

from trunks.errors import StoreDamaged, StoreFull, StoreUnavailable, StoreUnwritable

_PRIMARY = 0xFF
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_RESTORE = "Stop trunkd, set the file aside, and restore the newest backup (docs/operating.md)."


def fault_of(error: sqlite3.Error, file: Path | None) -> StoreUnavailable | None:
    """Say what is wrong with the file and what to do; None where the error is of another kind."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None or file is None:
        return None
    primary = code & _PRIMARY
    if primary == sqlite3.SQLITE_FULL or (primary == sqlite3.SQLITE_IOERR and _is_full(file.parent)):
        return StoreFull(f"The disk of {file} is full: nothing was changed, and reading goes on. Make room.")
    if primary in _DAMAGED:
        return damaged(file, str(error))
    if primary == sqlite3.SQLITE_READONLY:
        return unwritable(file, "written")
    if primary == sqlite3.SQLITE_CANTOPEN and file.is_dir():
        return StoreUnwritable(
            f"{file} is no file; move it away, and restore the newest backup in its place."
        )
    if primary == sqlite3.SQLITE_CANTOPEN:
        return unwritable(file, "opened")
    if primary == sqlite3.SQLITE_IOERR:
        return StoreUnavailable(f"{file} cannot be read or written ({error}); look at its disk.")
    return None


def damaged(file: Path, fault: str) -> StoreDamaged:
    return StoreDamaged(f"{file} is damaged: {fault}. {_RESTORE}")


def cut_off(file: Path) -> StoreDamaged:
    return StoreDamaged(
        f"{file} is empty, and was not: its keys are there. {_RESTORE} To begin anew, remove it."
    )


def is_cut_off(file: Path) -> bool:
    """Whether the file is there, with nothing in it."""
    return file.is_file() and file.stat().st_size == 0


def unwritable(file: Path, verb: str) -> StoreUnwritable:
    return StoreUnwritable(
        f"{file} cannot be {verb} by this user; chown it and its folder to the user that trunkd runs as, "
        "and make both writable."
    )


def _is_full(folder: Path) -> bool:
    room = os.statvfs(folder)
    return room.f_bavail == 0
