"""The store goes away and comes back."""

import pytest

from tests.api.client import ApiUnderTest
from tests.peers.postgres_server import PostgresServer

URL = "/api/v1/sip-trunks"


@pytest.mark.parametrize("store_settings", ["postgresql"], indirect=True)
async def test_a_store_that_is_away_is_503_and_comes_back(
    api: ApiUnderTest, postgres_server: PostgresServer
) -> None:
    made = await api.create()
    postgres_server.kill()
    answer = await api.client.get(f"{URL}/{made['id']}")
    assert (answer.status_code, answer.json()["code"]) == (503, "STORE_UNAVAILABLE")
    assert answer.headers["Retry-After"] == "5"
    assert (await api.client.get("/readyz")).json()["parts"]["store"] == "failing"
    postgres_server.start()
    assert (await api.client.get(f"{URL}/{made['id']}")).status_code == 200
