"""Whether a store can be relied on: asked at a start, by readiness and by doctor."""

import shutil
import sqlite3
import time
from contextlib import closing
from typing import cast

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from trunks.errors import StoreFull, StoreUnavailable
from trunks.store.database import Database
from trunks.store.sqlite_faults import damaged, fault_of

# At a start nobody waits longer for what doctor would find; a file of some 500 MB is gone through in it.
START_CHECK_SECONDS = 2.0
_STEPS_BETWEEN_LOOKS = 10_000
_LEAST_FREE_BYTES = 1024 * 1024
_MOST_VERSION = 2**31 - 1
_TAKES_NO_WRITES = text(
    "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean"
)


def require_sound(database: Database, *, within_seconds: float | None = None) -> None:
    """Go through SQLite's file, and take no longer than that. Raises StoreDamaged, StoreUnavailable."""
    if database.file is None:
        return
    until = None if within_seconds is None else time.monotonic() + within_seconds
    with database.read() as session:
        driver = cast(sqlite3.Connection, session.connection().connection.driver_connection)
        driver.set_progress_handler(
            lambda: until is not None and time.monotonic() > until, _STEPS_BETWEEN_LOOKS
        )
        try:
            found: str = session.scalars(text("PRAGMA quick_check(1)")).first() or "ok"
        except OperationalError as error:
            if getattr(error.orig, "sqlite_errorcode", None) != sqlite3.SQLITE_INTERRUPT:
                raise
            return
        finally:
            driver.set_progress_handler(None, 0)
    if found != "ok":
        raise damaged(database.file, " ".join(found.split()))


def require_takes_writes(database: Database) -> None:
    """Write something: reading goes on where writing does not. Raises StoreUnavailable.

    A store that another is writing to right now takes writes.
    """
    if database.file is None:
        with database.read() as session:
            if session.scalars(_TAKES_NO_WRITES).one():
                raise StoreUnavailable("The database takes no writes: it is a standby.")
        database.room.require()
        return
    try:
        if shutil.disk_usage(database.file.parent).free < _LEAST_FREE_BYTES:
            raise StoreFull
        # Not among the pool's connections: their one writer's place may be held for long.
        uri = f"{database.file.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None)) as connection:
            _write_something(connection)
    except OSError as error:
        raise StoreUnavailable(f"{database.file} cannot be reached: {error.strerror}.") from error
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
            raise fault_of(error, database.file) or StoreUnavailable(str(error)) from error


def _write_something(connection: sqlite3.Connection) -> None:
    """Count in a field of the file's header that is the application's own, and that nothing here reads."""
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.execute(f"PRAGMA user_version = {(version + 1) % _MOST_VERSION}")
    connection.execute("COMMIT")
