"""Transactions on both engines."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests.peers.postgres_server import PostgresServer
from trunks.errors import StoreBusy, StoreUnavailable
from trunks.installation.settings import Settings
from trunks.store.database import Database

COUNTED = 200


@pytest.fixture
def database(store_settings: Settings) -> Iterator[Database]:
    store_settings.data_dir.mkdir()
    database = Database(store_settings.store_url)
    with database.write() as session:
        session.execute(text("CREATE TABLE counters (id INTEGER PRIMARY KEY, value INTEGER NOT NULL)"))
        session.execute(text("INSERT INTO counters VALUES (1, 0)"))
    yield database
    database.close()


def read_to_write(session: Session) -> int:
    lock = "" if session.get_bind().dialect.name == "sqlite" else " FOR UPDATE"
    return int(session.execute(text(f"SELECT value FROM counters{lock}")).scalar_one())  # noqa: S608


def read_counter(database: Database) -> int:
    with database.read() as session:
        return int(session.execute(text("SELECT value FROM counters WHERE id = 1")).scalar_one())


def test_threads_that_read_and_then_write_lose_nothing(database: Database) -> None:

    def count(_: int) -> None:
        with database.write() as session:
            value = read_to_write(session)
            session.execute(text("UPDATE counters SET value = :value WHERE id = 1"), {"value": value + 1})

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(count, range(COUNTED)))
    assert read_counter(database) == COUNTED


def test_two_processes_that_read_and_then_write_lose_nothing(
    database: Database, store_settings: Settings
) -> None:
    # Two Databases share nothing but the file or the server, as two processes do.
    other = Database(store_settings.store_url)

    def count(number: int) -> None:
        with (database, other)[number % 2].write() as session:
            value = read_to_write(session)
            session.execute(text("UPDATE counters SET value = :value WHERE id = 1"), {"value": value + 1})

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count, range(COUNTED)))
    other.close()
    assert read_counter(database) == COUNTED


def test_readers_go_on_beside_a_writer(database: Database) -> None:
    with database.write() as session:
        session.execute(text("UPDATE counters SET value = 7"))
        assert read_counter(database) == 0
    assert read_counter(database) == 7


def test_a_read_is_one_snapshot_and_a_write_sees_what_others_wrote(database: Database) -> None:
    value, change = text("SELECT value FROM counters"), text("UPDATE counters SET value = value + 1")
    for seen in range(3):
        with database.read() as session:
            assert session.execute(value).scalar_one() == seen
            with database.write() as other:
                other.execute(change)
                assert other.execute(value).scalar_one() == seen + 1
            assert session.execute(value).scalar_one() == seen


def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    def change_and_fail() -> None:
        with database.write() as session:
            session.execute(text("UPDATE counters SET value = 7"))
            raise LookupError

    with pytest.raises(LookupError):
        change_and_fail()
    assert read_counter(database) == 0


def test_an_error_shows_no_parameters(database: Database) -> None:
    with pytest.raises(IntegrityError) as error, database.write() as session:
        session.execute(text("INSERT INTO counters VALUES (1, :value)"), {"value": 4711})
    assert "4711" not in str(error.value)


def test_sqlite_is_set_up_for_several_processes(tmp_path: object) -> None:
    database = Database(f"sqlite:///{tmp_path}/x.sqlite")
    with database.read() as session:
        answers = [
            session.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        ]
    database.close()
    assert answers == ["wal", 1, 15000]


def test_a_database_that_is_away_is_told_without_its_password() -> None:
    database = Database("postgresql+psycopg://u:hunter2@127.0.0.1:1/x")
    with pytest.raises(StoreUnavailable) as fault:
        database.ping()
    assert "does not answer" in str(fault.value)
    assert "hunter2" not in str(fault.value)


def test_a_database_that_comes_back_is_used_again(postgres_server: PostgresServer, postgres_url: str) -> None:
    database = Database(postgres_url)
    database.ping()
    postgres_server.kill()
    with pytest.raises(StoreUnavailable):
        database.ping()
    postgres_server.start()
    database.ping()
    database.close()


@pytest.mark.parametrize("store_settings", ["postgresql"], indirect=True)
def test_a_standby_is_a_store_that_is_away(database: Database) -> None:
    def write() -> None:
        with database.write() as session:
            session.execute(text("SET TRANSACTION READ ONLY"))
            session.execute(text("UPDATE counters SET value = 1"))

    with pytest.raises(StoreUnavailable, match="takes no writes"):
        write()


def cancel_whoever_waits(session: Session) -> None:
    """Ask PostgreSQL to end what waits for a lock, once something does."""
    cancel = text("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    while not session.execute(cancel).all():
        session.execute(text("SELECT pg_stat_clear_snapshot()"))


def let_time_pass(session: Session) -> None:
    """Keep the row."""


@pytest.mark.parametrize("store_settings", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("lock_wait_ms", "meanwhile"), [(10, let_time_pass), (10_000, cancel_whoever_waits)])
def test_whoever_waited_for_a_row_in_vain_may_come_again(
    database: Database, lock_wait_ms: int, meanwhile: Callable[[Session], None]
) -> None:
    def write() -> None:
        with database.write(lock_wait_ms=lock_wait_ms) as session:
            session.execute(text("UPDATE counters SET value = 1"))

    with ThreadPoolExecutor() as threads, database.write() as keeper:
        keeper.execute(text("UPDATE counters SET value = 2"))
        waiting = threads.submit(write)
        meanwhile(keeper)
        with pytest.raises(StoreBusy):
            waiting.result()
    assert read_counter(database) == 2
