import pytest
import sqlalchemy
from sqlalchemy import text

from tests.peers.postgres_server import PostgresServer


def test_a_database_answers_and_begins_empty(empty_postgres_url: str) -> None:
    engine = sqlalchemy.create_engine(empty_postgres_url)
    with engine.begin() as connection:
        assert sqlalchemy.inspect(connection).get_table_names() == []
        connection.execute(text("CREATE TABLE trunk (name text)"))
        assert connection.execute(text("SHOW server_encoding")).scalar() == "UTF8"
    engine.dispose()


def test_the_next_test_gets_another_one(empty_postgres_url: str) -> None:
    engine = sqlalchemy.create_engine(empty_postgres_url)
    assert sqlalchemy.inspect(engine).get_table_names() == []
    engine.dispose()


def test_what_was_committed_outlives_a_kill(postgres_server: PostgresServer, postgres_url: str) -> None:
    engine = sqlalchemy.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE trunk (name text)"))
        connection.execute(text("INSERT INTO trunk VALUES ('kept')"))
    postgres_server.kill()
    with pytest.raises(sqlalchemy.exc.OperationalError), engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    engine.dispose()
    postgres_server.start()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT name FROM trunk")).scalar() == "kept"
    engine.dispose()


def test_a_database_is_dropped_though_somebody_is_connected(postgres_server: PostgresServer) -> None:
    url = postgres_server.create_database()
    engine = sqlalchemy.create_engine(url)
    connection = engine.connect()
    postgres_server.drop_database(url)
    with pytest.raises(sqlalchemy.exc.OperationalError):
        connection.execute(text("SELECT 1"))
    connection.close()
    engine.dispose()
