"""Somebody keeps a row locked, for as long as it takes: who wants that one waits, and nobody else does (PostgreSQL)."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from api import store_threads
from tests.api.client import BODY, ApiUnderTest
from trunks.models.trunk import Trunk

URL = "/api/v1/sip-trunks"

pytestmark = pytest.mark.parametrize("store_settings", ["postgresql"], indirect=True)

WRITERS = 50

Keep = Callable[[str], AbstractContextManager[None]]


@pytest.fixture
def keep(api: ApiUnderTest) -> Keep:
    """Keep a trunk's row, as a transaction does that does not end."""

    @contextmanager
    def keeping(trunk_id: str) -> Iterator[None]:
        with api.store.installation.database.write() as session:
            session.execute(select(Trunk.id).where(Trunk.id == UUID(trunk_id)).with_for_update())
            yield

    return keeping


WRITES: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "verify": ("POST", "/verify?async=true", None),
    "patch": ("PATCH", "", {"name": "Other"}),
    "delete": ("DELETE", "", None),
}


@pytest.mark.parametrize("write", WRITES)
async def test_others_write_on_and_whoever_waited_is_served_when_it_is_free(
    api: ApiUnderTest, keep: Keep, write: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However long the others take on a busy machine.
    monkeypatch.setattr(store_threads, "LOCKED_AT_MOST_SECONDS", 120.0)
    locked, other = await api.create(), await api.create(name="Second")
    method, path, body = WRITES[write]
    with keep(locked["id"]):
        waiting = [
            asyncio.create_task(api.client.request(method, f"{URL}/{locked['id']}{path}", json=body))
            for _ in range(WRITERS)
        ]
        done = [
            await api.client.post(URL, json=BODY | {"name": "Third"}),
            await api.client.patch(f"{URL}/{other['id']}", json={"name": "Changed"}),
            await api.client.post(f"{URL}/{other['id']}/verify?async=true"),
            await api.client.get(f"{URL}/{locked['id']}"),
            await api.client.post(URL, json=BODY, headers={"Authorization": "Bearer wrong"}),
        ]
        assert [answer.status_code for answer in done] == [201, 200, 202, 200, 401]
        assert not any(each.done() for each in waiting)
    statuses = {answer.status_code for answer in await asyncio.gather(*waiting)}
    assert statuses <= {"verify": {202}, "patch": {200}, "delete": {200, 404}}[write]


async def test_whoever_has_waited_for_long_is_told(
    api: ApiUnderTest, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_threads, "LOCKED_AT_MOST_SECONDS", 0.1)
    locked = await api.create()
    with keep(locked["id"]):
        answer = await api.client.patch(f"{URL}/{locked['id']}", json={"name": "Other"})
    assert (answer.status_code, answer.json()["code"]) == (503, "STORE_UNAVAILABLE")
    assert "nothing was changed" in answer.json()["message"]
    assert answer.headers["Retry-After"] == "5"
    assert (await api.client.get(f"{URL}/{locked['id']}")).json()["data"]["name"] == BODY["name"]
