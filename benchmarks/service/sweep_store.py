"""PostgreSQL as a sweep leaves it: made due, looked at and weighed over one connection that costs it little."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.cost import ProgramFailed
from benchmarks.service.store import Store

_LOOK_SECONDS = 0.1
_DONE_WITHIN_SECONDS = 900.0
# With a prepared statement the word is `execute`.
_STATEMENT = (b"LOG:  execute ", b"LOG:  statement: ")
_BOUNDS = (b": BEGIN", b": COMMIT", b": ROLLBACK")
# Half of the destinations: those of even numbers (benchmarks.service.seed).
_FALL_SILENT = "UPDATE destinations SET outbound_proxy = %s WHERE domain ~ '[02468][.]example$'"


class SweepStore:
    """Works on the store of one measured service. All questions raise psycopg.Error."""

    def __init__(self, connection: "psycopg.Connection[tuple[Any, ...]]", log_file: Path) -> None:
        self._connection = connection
        self._log_file = log_file

    def make_due(self) -> None:
        """Let the next cycle of every destination begin now."""
        self._run("UPDATE destination_health SET next_check_at = now()")

    def wait_until_swept(self) -> float:
        """Wait until nothing that was made due is left; give when that was seen, by time.perf_counter().

        Raises ProgramFailed.
        """
        deadline = time.monotonic() + _DONE_WITHIN_SECONDS
        while self._value("SELECT EXISTS (SELECT FROM destination_health WHERE next_check_at <= now())"):
            if time.monotonic() > deadline:
                raise ProgramFailed(f"the sweep was not done in {_DONE_WITHIN_SECONDS:g} s")
            time.sleep(_LOOK_SECONDS)
        return time.perf_counter()

    def fall_silent(self, carrier: str) -> int:
        """Lead half of the destinations to a carrier that is silent; give the number of their trunks."""
        self._run(_FALL_SILENT, carrier)
        return int(
            self._value(
                "SELECT count(*) FROM gateways JOIN destinations ON destinations.id = destination_id "
                "WHERE outbound_proxy = %s",
                carrier,
            )
        )

    def look_through(self) -> None:
        """Have the next claims look through the trunks for each destination's interval, as one cycle in ten does."""
        self._run("UPDATE destination_health SET cycle = 10")

    def settle(self) -> None:
        """Do now what PostgreSQL else does at some moment in between: vacuum and checkpoint."""
        self._run("VACUUM ANALYZE")
        self._run("CHECKPOINT")

    def alive(self) -> int:
        return int(self._value("SELECT count(*) FROM destination_health WHERE alive"))

    def flips(self) -> int:
        return int(self._value("SELECT count(*) FROM flips"))

    def size_bytes(self) -> int:
        return int(self._value("SELECT pg_database_size(current_database())"))

    def written_bytes(self) -> int:
        """How much was ever written ahead."""
        return int(self._value("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))

    def row_bytes(self, table: str) -> float:
        """What a row takes on disk with its indexes; 0 while there is none."""
        rows = int(self._value(f"SELECT count(*) FROM {table}"))  # noqa: S608 - a name of the schema
        return (
            float(self._value("SELECT pg_total_relation_size(%s::regclass)", table)) / rows if rows else 0.0
        )

    @contextmanager
    def counted(self) -> Iterator[list[int]]:
        """Count what others ask meanwhile: statements, and the transactions around them, in that order after it."""
        counts: list[int] = []
        self._log_all(True)
        start = self._log_file.stat().st_size
        try:
            yield counts
        finally:
            self._log_all(False)
        with self._log_file.open("rb") as log:
            log.seek(start)
            asked = [line for line in log if any(mark in line for mark in _STATEMENT)]
        bounds = [line for line in asked if any(bound in line for bound in _BOUNDS)]
        begun = sum(b": BEGIN" in line for line in bounds)
        counts += [len(asked) - len(bounds), begun]

    def _log_all(self, wanted: bool) -> None:
        value = "all" if wanted else "none"
        self._run(f"ALTER SYSTEM SET log_statement = '{value}'")
        # The values would make the log a gigabyte.
        self._run("ALTER SYSTEM SET log_parameter_max_length = 0")
        self._run("SELECT pg_reload_conf()")
        # What is running takes it over at its next statement.
        time.sleep(_LOOK_SECONDS)

    def _run(self, statement: str, *values: Any) -> None:
        self._connection.execute(statement.encode(), values or None)

    def _value(self, statement: str, *values: Any) -> Any:
        row = self._connection.execute(statement.encode(), values or None).fetchone()
        return None if row is None else row[0]


@contextmanager
def sweep_store(store: Store) -> Iterator[SweepStore]:
    """Connect to the PostgreSQL of a store in the scaled form."""
    url = store.environment["TRUNKS_DATABASE_URL"].replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(url, autocommit=True) as connection:
        # Its own statements are not to be counted.
        connection.execute("SET log_statement = 'none'")
        yield SweepStore(connection, store.folder / "postgres.log")
