"""SQLite's one writer is held elsewhere, by a backup or another process: whoever only reads goes on."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from tests.api.client import ApiUnderTest

URL = "/api/v1/sip-trunks"
# More than the store has threads.
CROWD = 30
# Less than SQLite lets a writer wait.
PROMPTLY_SECONDS = 10.0

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)


@contextmanager
def writer_held(api: ApiUnderTest) -> Iterator[None]:
    file = api.store.installation.database.file
    assert file is not None
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_who_asks_for_the_health_of_a_trunk_keeps_nobody_from_reading(api: ApiUnderTest) -> None:
    made = await api.create()
    with writer_held(api):
        asking = [asyncio.create_task(api.client.get(f"{URL}/{made['id']}/health")) for _ in range(CROWD)]
        for url in (f"{URL}/{made['id']}", URL, f"{URL}/{made['id']}/dids", "/sip-trunks/trunks") * 5:
            answer = await asyncio.wait_for(api.client.get(url), PROMPTLY_SECONDS)
            assert answer.status_code == 200
        assert not any(each.done() for each in asking)
    answers = await asyncio.gather(*asking)
    # Nobody checks here: they are answered when they have waited long enough.
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["data"]["is_healthy"] for answer in answers} == {False}


async def test_who_writes_keeps_nobody_from_reading(api: ApiUnderTest) -> None:
    made = await api.create()
    with writer_held(api):
        writing = [
            asyncio.create_task(api.client.request(method, f"{URL}/{made['id']}{path}", json=body))
            for method, path, body in [
                ("PATCH", "", {"name": "Other"}),
                ("POST", "/verify?async=true", None),
                ("POST", "/dids", {"number": "+14155551234", "country_code": "US"}),
            ]
            * CROWD
        ]
        for _ in range(10):
            answer = await asyncio.wait_for(api.client.get(f"{URL}/{made['id']}"), PROMPTLY_SECONDS)
            assert answer.json()["data"]["name"] == made["name"]
    statuses = [answer.status_code for answer in await asyncio.gather(*writing)]
    assert set(statuses) <= {200, 201, 202, 409}
