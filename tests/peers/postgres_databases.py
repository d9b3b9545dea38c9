"""Databases that tests use one after another: to empty one is a hundred times cheaper than to make one."""

from contextlib import ExitStack

import psycopg
from psycopg import sql

from tests.peers.postgres_server import PostgresServer

# What a test left that was larger takes others longer to look through, and longer to empty than to make anew.
_LARGEST_OCTETS = 32 * 1024 * 1024
# Connections of processes that the test started or killed.
_CLOSED_WITHIN_MS = 5000
_KEPT = "alembic_version"
# The URLs of all that there are in this process.
PREPARED: set[str] = set()

# Tables, columns, indexes, what is made to happen at a write, and the revision.
_SHAPE = """
    SELECT md5(string_agg(concat_ws(' ', attrelid::regclass, attname, atttypid), ',' ORDER BY attrelid, attnum)),
           (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal),
           (SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
           (SELECT string_agg(version_num, ',') FROM alembic_version)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND attnum > 0
"""

# All of it is sent at once. The order of the foreign keys does not matter where all rows go.
_IN_ANY_ORDER = sql.SQL("SET session_replication_role = replica")
_DELETE = sql.SQL("DELETE FROM {}")
_FROM_ONE_AGAIN = sql.SQL(
    "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)"
    " FROM pg_sequences WHERE last_value IS NOT NULL"
)


class PostgresDatabases:
    """Gives databases with the current schema and no rows, each to one test at a time."""

    def __init__(self, server: PostgresServer, template: str) -> None:
        """Take a URL of a database with the schema, to which nobody is connected."""
        self._server = server
        self._template = template
        self._free: list[str] = []
        self._kept: dict[str, psycopg.Connection] = {}
        with server.connect(template) as connection:
            self._shape = _shape(connection)
            tables = _tables(connection)
            assert not any(_rows(connection, table) for table in tables)
            self._emptying = sql.SQL(";").join(
                [_IN_ANY_ORDER, *(_DELETE.format(sql.Identifier(table)) for table in tables), _FROM_ONE_AGAIN]
            )

    def close(self) -> None:
        """Close the connections that are kept."""
        while self._kept:
            self._kept.popitem()[1].close()

    def take(self) -> str:
        """Give the URL of one."""
        url = self._free.pop() if self._free else self._server.create_database(self._template)
        PREPARED.add(url)
        return url

    def give_back(self, url: str) -> None:
        """Empty it, whoever is connected to it; one that is no longer what it was is dropped."""
        connection = self._connect(url)
        with ExitStack() as unless_kept:
            unless_kept.callback(connection.close)
            usable = self._empty(connection)
            if usable:
                self._kept[url] = connection
                self._free.append(url)
                unless_kept.pop_all()
        if not usable:
            PREPARED.remove(url)
            self._server.drop_database(url)

    def _connect(self, url: str) -> psycopg.Connection:
        """Give the connection that emptied it before: a new one has all of the catalog to read first."""
        kept = self._kept.pop(url, None)
        if kept is not None:
            try:
                kept.execute("SELECT 1")
            except psycopg.OperationalError:
                kept.close()  # the test ended the server
            else:
                return kept
        return self._server.connect(url)

    def _empty(self, connection: psycopg.Connection) -> bool:
        connection.execute(
            "SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
            (_CLOSED_WITHIN_MS,),
        )
        size = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        assert size is not None
        if size[0] > _LARGEST_OCTETS or _shape(connection) != self._shape:
            return False
        try:
            connection.execute(self._emptying)
        except psycopg.errors.DeadlockDetected:
            return False  # somebody who was cut off has come again: no other test is to meet him
        return True


def _shape(connection: psycopg.Connection) -> tuple[object, ...]:
    found = connection.execute(_SHAPE).fetchone()
    assert found is not None
    return found


def _tables(connection: psycopg.Connection) -> list[str]:
    found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return [table for (table,) in found if table != _KEPT]


def _rows(connection: psycopg.Connection, table: str) -> bool:
    found = connection.execute(
        sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(table))
    ).fetchone()
    return bool(found and found[0])
