"""The way to the store: SQLite in WAL, or PostgreSQL through psycopg; one transaction a block."""

import json
import select
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from copy import copy
from pathlib import Path
from typing import Any

import psycopg
from psycopg.errors import DeadlockDetected, DiskFull, LockNotAvailable, QueryCanceled, ReadOnlySqlTransaction
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import DatabaseError, InterfaceError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from trunks.errors import StoreBusy, StoreFull, StoreUnavailable
from trunks.store.sqlite_faults import fault_of

# Another process may hold SQLite's one writer's place this long before we give up.
_BUSY_TIMEOUT_SECONDS = 15
_CONNECT_TIMEOUT_SECONDS = 5
# What is beyond the pool is closed after each use, which costs PostgreSQL a process each time.
_POOL_SIZE = 20
_POOL_OVERFLOW = 10
_POOL_TIMEOUT_SECONDS = 15
# As many statements as a process has, and more: a driver that keeps fewer prepares the same ones again and again.
_PREPARED_STATEMENTS = 1000
# Beyond this a connection that nobody used is asked whether it stands: its server may be gone without a word.
_TRUSTED_SECONDS = 5.0
# How long a group waits for a row that another transaction keeps; whoever's it is comes again.
LOCK_WAIT_MS = 50
# How long a full disk is taken to be full, where it cannot be looked at.
NO_ROOM_SECONDS = 60.0
# What a transaction begins with; none is begun where it is None.
_BEGIN = "trunks_begin"
_TAKEN_AT = "trunks_taken_at"
# A row that another keeps for too long; of two that wait for one another PostgreSQL breaks one off. Where the time is
# up just as one lock is got and the next is waited for, it has forgotten why, and says that somebody asked for the end.
_LOCKED = (LockNotAvailable, DeadlockDetected, QueryCanceled)


class JsonText(str):
    """What a JSON column is given, as JSON already."""

    __slots__ = ()


class Room:
    """When a write last failed for want of room, as far as this process knows."""

    def __init__(self) -> None:
        self._ran_out_at = float("-inf")

    def ran_out(self) -> None:
        self._ran_out_at = time.monotonic()

    def require(self) -> None:
        """Raise StoreFull while whoever was refused has been asked to wait."""
        if time.monotonic() - self._ran_out_at < NO_ROOM_SECONDS:
            raise StoreFull


class Database:
    """Opens transactions; both kinds raise StoreUnavailable when the database does not answer."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.file = Path(parsed.database) if self.is_sqlite and parsed.database else None
        self.engine = create_engine(
            url,
            # Parameters are customers' data: an error's text, which may be logged, must not show them.
            hide_parameters=True,
            json_serializer=_as_json,
            pool_size=_POOL_SIZE,
            max_overflow=_POOL_OVERFLOW,
            pool_timeout=_POOL_TIMEOUT_SECONDS,
            # The one that was used last has read and prepared the most.
            pool_use_lifo=True,
            connect_args={"timeout": _BUSY_TIMEOUT_SECONDS, "cached_statements": _PREPARED_STATEMENTS}
            if self.is_sqlite
            else {"connect_timeout": _CONNECT_TIMEOUT_SECONDS},
        )
        self._lock_wait_ms: int | None = None
        self.room = Room()
        # On PostgreSQL the default takes a new snapshot for each statement: what a deletion ends in between would be
        # half read. Whoever only reads is never in conflict with anyone.
        reading = "BEGIN" if self.is_sqlite else "BEGIN ISOLATION LEVEL REPEATABLE READ"
        self._reader = self.engine.execution_options(**{_BEGIN: reading})
        self._questioner = self.engine.execution_options(**{_BEGIN: None})
        # SQLite has one writer: threads of this process queue here, which is fair and wakes at once, and not at
        # the file's lock, which is polled.
        self._writer = threading.RLock() if self.is_sqlite else nullcontext()
        if self.is_sqlite:
            _prepare_sqlite(self.engine)
        else:
            _prepare_postgresql(self.engine)

    def impatient(self) -> "Database":
        """Give the same database to those who can come again: what they write waits for no row for long."""
        impatient = copy(self)
        impatient._lock_wait_ms = LOCK_WAIT_MS
        return impatient

    def turn(self) -> AbstractContextManager[Any]:
        """Keep other threads from writing until its end, where one alone may write: who waits for it may still be
        joined by others.
        """
        return self._writer

    @contextmanager
    def write(self, *, lock_wait_ms: int | None = None, flushed: bool = True) -> Iterator[Session]:
        """Commit what the block does, or nothing of it when it raises.

        With `lock_wait_ms` no row is waited for longer, which raises StoreBusy; SQLite locks no rows. What is not
        `flushed` everybody sees at once, and PostgreSQL's disk has a moment later, at the latest with the next commit
        that is: a server that crashes before it has none of both.
        """
        engine = self._writing(lock_wait_ms or self._lock_wait_ms, flushed=flushed)
        with (
            self._translated(),
            self._writer,
            Session(engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def _writing(self, lock_wait_ms: int | None, *, flushed: bool) -> Engine:
        if self.is_sqlite or (lock_wait_ms is None and flushed):
            return self.engine
        # In one message with BEGIN: they cost no round trip of their own.
        statements = ["BEGIN"]
        if lock_wait_ms is not None:
            statements.append(f"SET LOCAL lock_timeout = {lock_wait_ms}")
        if not flushed:
            statements.append("SET LOCAL synchronous_commit = off")
        return self.engine.execution_options(**{_BEGIN: "; ".join(statements)})

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Read in one snapshot, beside any writer."""
        with self._translated(), Session(self._reader, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def question(self) -> Iterator[Session]:
        """Read by statements of which each sees a moment of its own, with no transaction around them: two messages less
        to PostgreSQL for what one statement answers.
        """
        with (
            self._translated(),
            Session(self._questioner, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def ping(self) -> None:
        """Ask for one answer. Raises StoreUnavailable."""
        with self.question() as session:
            session.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self.engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (DatabaseError, InterfaceError, PoolTimeout, sqlite3.Error, psycopg.Error) as error:
            raise self._fault(error) from error

    def _fault(self, error: Exception) -> Exception:
        """What a driver's error means for whoever asked; one that is our own mistake stays as it is."""
        cause = getattr(error, "orig", None) or error
        if isinstance(cause, DiskFull):
            self.room.ran_out()
            return StoreFull()
        if isinstance(cause, sqlite3.Error) and (fault := fault_of(cause, self.file)) is not None:
            return fault
        if isinstance(cause, _LOCKED):
            return StoreBusy()
        # A server that failed over, seen as its old self.
        if isinstance(cause, ReadOnlySqlTransaction):
            return StoreUnavailable("The database takes no writes: it is a standby.")
        if isinstance(error, (OperationalError, InterfaceError, PoolTimeout, psycopg.OperationalError)):
            return StoreUnavailable(f"The database does not answer: {_first_line(error)}")
        return error


def _as_json(value: object) -> str:
    if isinstance(value, JsonText):
        return value
    # A peer's words may hold lone surrogates, which neither a column of text nor an answer's encoding takes.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", errors="replace").decode("utf-8")


def _first_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().partition("\n")[0]


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        # The driver's own BEGIN comes too late and is deferred; ours is sent below.
        connection.isolation_level = None
        cursor = connection.cursor()
        # The mode is the file's own: where another connection is switching it at this very moment, SQLite refuses
        # at once, without the busy timeout, and that one's switch serves us as well.
        with suppress(sqlite3.OperationalError):
            cursor.execute("PRAGMA journal_mode = WAL")
        for pragma in ("synchronous = NORMAL", "foreign_keys = ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    # IMMEDIATE: a transaction that reads and then writes would fail when another wrote in between.
    _begin_with(engine, "BEGIN IMMEDIATE")


def _prepare_postgresql(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        # The driver's own BEGIN is a message with nothing else in it; ours is sent below.
        connection.autocommit = True
        connection.prepared_max = _PREPARED_STATEMENTS
        # Whatever the server's zone is: each moment that is read would be turned to UTC by itself.
        connection.execute("SET TIME ZONE 'UTC'")

    @event.listens_for(engine, "checkout")
    def _taken(connection: Any, record: Any, _proxy: object) -> None:
        now = time.monotonic()
        unused_seconds = now - record.info.get(_TAKEN_AT, now)
        record.info[_TAKEN_AT] = now
        try:
            # A server that closes a connection, or is ended, says so: to ask each time costs as much as a statement.
            if unused_seconds >= _TRUSTED_SECONDS or _has_news(connection):
                connection.execute("", prepare=False)
        except psycopg.Error as error:
            raise InvalidatePoolError from error

    _begin_with(engine, "BEGIN", prepare=False)


def _has_news(connection: Any) -> bool:
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _begin_with(engine: Engine, usual: str, **options: Any) -> None:
    """Begin the transactions of an engine with this, unless they say otherwise; `options` are the driver's."""

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        begin = connection.get_execution_options().get(_BEGIN, usual)
        if begin is not None:
            driver: Any = connection.connection.dbapi_connection
            driver.execute(begin, **options)
