"""What these tests need is a database without a schema."""

from collections.abc import Iterator

import pytest

from tests.peers.postgres_server import PostgresServer


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """Give the URL of an empty database that lives as long as the test."""
    url = postgres_server.create_database()
    yield url
    if not postgres_server.running:
        postgres_server.start()
    postgres_server.drop_database(url)
