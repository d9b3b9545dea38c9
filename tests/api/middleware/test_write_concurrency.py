"""A crowd of writing requests: more than are worked on at once, and none of them in the way of the others."""

import asyncio
import json
from collections.abc import AsyncIterator

from tests.api.client import BODY, ApiUnderTest
from tests.trunks.forms import make_report

URL = "/api/v1/sip-trunks"
CROWD = 20
WITHIN_SECONDS = 20.0


async def test_callers_who_wait_for_a_run_hold_nobody_else_up(api: ApiUnderTest) -> None:
    trunks = [await api.create() for _ in range(CROWD)]
    callers = [asyncio.create_task(api.client.post(f"{URL}/{trunk['id']}/verify")) for trunk in trunks]
    async with asyncio.timeout(WITHIN_SECONDS):
        await api.wait_rung(CROWD)
        assert (await api.client.get(f"{URL}/{trunks[0]['id']}")).status_code == 200
        await api.create()
        answers = await asyncio.gather(*callers)
    assert {answer.status_code for answer in answers} == {202}


async def test_slow_bodies_hold_nobody_else_up(api: ApiUnderTest) -> None:
    go_on = asyncio.Event()

    async def slow_body() -> AsyncIterator[bytes]:
        text = json.dumps(BODY).encode()
        yield text[:10]
        await go_on.wait()
        yield text[10:]

    headers = {"Content-Type": "application/json"}
    slow = [
        asyncio.create_task(api.client.post(URL, content=slow_body(), headers=headers)) for _ in range(CROWD)
    ]
    async with asyncio.timeout(WITHIN_SECONDS):
        await api.create()
        go_on.set()
        answers = await asyncio.gather(*slow)
    assert {answer.status_code for answer in answers} == {201}


async def test_those_who_leave_or_are_refused_take_no_place_with_them(api: ApiUnderTest) -> None:
    trunk = await api.create()
    callers = [asyncio.create_task(api.client.post(f"{URL}/{trunk['id']}/verify")) for _ in range(CROWD)]
    async with asyncio.timeout(WITHIN_SECONDS):
        await api.wait_rung(CROWD)
        for caller in callers[:-1]:
            caller.cancel()
        refused = [await api.client.post(URL, json={}) for _ in range(CROWD)]
        assert {answer.status_code for answer in refused} == {422}
        refused = [await api.client.post(URL, headers={"Authorization": "x"}) for _ in range(CROWD)]
        assert {answer.status_code for answer in refused} == {401}
        await callers[-1]
        assert (await api.verified((await api.create())["id"], make_report())).json()["success"] is True
