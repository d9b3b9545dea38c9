"""Edits that the voice infrastructure does not take: one at a time may be taken back, and nothing of them is left."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from api.autocalls import routes as autocalls
from tests.api.client import ApiUnderTest
from tests.api.creations import AUTOCALLS, FirstWorker, Sides, answers_soon
from tests.api.test_autocalls import NUMBER
from tests.trunks.forms import LIVEKIT_AWAY
from trunks.installation.settings import Settings

Again = Callable[[], Awaitable[ApiUnderTest]]


@pytest.fixture
def store_settings_of_api(store_settings: Settings) -> Settings:
    return store_settings.model_copy(update=LIVEKIT_AWAY)


class Trunk:
    """A trunk with its sides, and two processes of the API that edit it."""

    def __init__(self, api: ApiUnderTest, other: ApiUnderTest, sides: Sides, row_id: int) -> None:
        self.api = api
        self.other = other
        self.sides = sides
        self.url = f"{AUTOCALLS}/{row_id}"

    async def edit(self, by: ApiUnderTest, address: str) -> int:
        return (await by.client.put(self.url, json={"sip_address": address})).status_code

    async def begin_and_vanish(self, address: str) -> None:
        """Edit by a process that is gone while it waits for the sides."""
        begun = asyncio.Event()
        self.api.on_ring_provision = lambda trunk_id: begun.set()
        edit = asyncio.create_task(self.edit(self.api, address))
        await begun.wait()
        edit.cancel()
        await asyncio.gather(edit, return_exceptions=True)

    async def address(self) -> str:
        shown: dict[str, Any] = (await self.api.client.get(self.url)).json()["data"]
        return str(shown["sip_address"])


@pytest.fixture
async def trunk(api: ApiUnderTest, make_another_api: Again, monkeypatch: pytest.MonkeyPatch) -> Trunk:
    monkeypatch.setattr(autocalls, "_LOOK_SECONDS", 0.01)
    other, sides = await make_another_api(), Sides(api)
    for each in (api, other):
        each.on_ring_provision = sides.work
        answers_soon(each, monkeypatch)
    made = await api.client.post(AUTOCALLS, json=NUMBER)
    assert made.status_code == 201, made.text
    return Trunk(api, other, sides, made.json()["data"]["id"])


async def test_of_two_that_fail_at_once_neither_is_left(
    trunk: Trunk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autocalls, "_PROVISION_WAIT_SECONDS", 0.5)
    trunk.sides.worker = FirstWorker.IS_AWAY
    was = await trunk.address()
    ended = await asyncio.gather(
        trunk.edit(trunk.api, "first.example"), trunk.edit(trunk.other, "second.example")
    )
    # The second may have waited for the first for as long as one waits.
    assert set(ended) <= {500, 409}
    assert 500 in ended
    assert await trunk.address() == was
    trunk.sides.worker = FirstWorker.WORKS
    assert await trunk.edit(trunk.api, "third.example") == 200


async def test_the_second_comes_when_the_first_has_ended(trunk: Trunk) -> None:
    asked: list[UUID] = []
    begun = asyncio.Event()

    def hold(trunk_id: UUID) -> None:
        asked.append(trunk_id)
        begun.set()

    trunk.api.on_ring_provision = hold
    first = asyncio.create_task(trunk.edit(trunk.api, "first.example"))
    await begun.wait()
    second = asyncio.create_task(trunk.edit(trunk.other, "second.example"))
    await asyncio.sleep(0.1)
    assert await trunk.address() == "first.example"
    trunk.sides.work(asked[0])
    assert (await first, await second) == (200, 200)
    assert await trunk.address() == "second.example"


async def test_one_whose_process_is_gone_keeps_off_nobody_for_long(
    trunk: Trunk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await trunk.begin_and_vanish("first.example")
    with monkeypatch.context() as patched:
        patched.setattr(autocalls, "_PROVISION_WAIT_SECONDS", 0.1)
        answer = await trunk.other.client.put(trunk.url, json={"sip_address": "second.example"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (409, "10")
    assert "It is being changed at this moment by another request" in answer.text
    # What touches no side is nobody's to wait for.
    assert (await trunk.other.client.put(trunk.url, json={"nickname": "Main"})).status_code == 200
    trunk.api.store.clock.advance(60)
    assert await trunk.edit(trunk.other, "second.example") == 200


@pytest.mark.parametrize(
    ("worker", "status", "said"),
    [
        (FirstWorker.WORKS, 200, "updated successfully"),
        (FirstWorker.FAILS, 500, "Failed to update SIP trunk."),
        (FirstWorker.IS_AWAY, 500, "Failed to update SIP trunk."),
    ],
)
async def test_the_same_change_once_more_tells_what_becomes_of_the_first(
    trunk: Trunk, monkeypatch: pytest.MonkeyPatch, worker: FirstWorker, status: int, said: str
) -> None:
    """Whoever sent it first is gone, and took nothing back: the sides are waited for all the same."""
    await trunk.begin_and_vanish("first.example")
    trunk.api.store.clock.advance(60)
    trunk.sides.worker = worker
    monkeypatch.setattr(autocalls, "_PROVISION_WAIT_SECONDS", 1.0)
    again = await trunk.other.client.put(trunk.url, json={"sip_address": "first.example"})
    assert (again.status_code, said in again.text) == (status, True), again.text
    # What the infrastructure hears nothing of is changed, whatever it thinks of the rest.
    for body in ({"nickname": "Main"}, {"nickname": "Main"}, {"proof": "options"}):
        assert (await trunk.other.client.put(trunk.url, json=body)).status_code == 200
    trunk.sides.worker = FirstWorker.WORKS
    assert await trunk.edit(trunk.other, "second.example") == 200
