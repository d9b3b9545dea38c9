"""An id for each request, in its answer and on its log lines."""

import asyncio
from uuid import UUID

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from tests.api.client import BODY, ApiUnderTest

URL = "/api/v1/sip-trunks"

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)


@pytest.mark.parametrize("given", ["a", "x" * 64, "0af7651916cd43dd-8448_eb.211"])
async def test_the_clients_id_is_taken(api: ApiUnderTest, given: str) -> None:
    for path in (URL, f"{URL}/x", "/healthz", "/nowhere"):
        answer = await api.client.get(path, headers={"X-Request-ID": given})
        assert answer.headers.get_list("X-Request-ID") == [given]


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a/b", "a\x01", "ü", "a\tb", "{}"])
async def test_an_id_that_cannot_be_used_is_replaced(api: ApiUnderTest, given: str) -> None:
    answer = await api.client.get(URL, headers={b"X-Request-ID": given.encode("latin-1")})
    assert answer.status_code == 200
    assert UUID(answer.headers["X-Request-ID"]).version == 7


async def test_each_request_has_its_own(api: ApiUnderTest) -> None:
    answers = await asyncio.gather(*(api.client.get(URL) for _ in range(20)))
    assert len({answer.headers["X-Request-ID"] for answer in answers}) == 20


async def test_a_request_without_a_token_has_one_too(api: ApiUnderTest) -> None:
    answer = await api.client.get(URL, headers={"Authorization": "", "X-Request-ID": "mine"})
    assert (answer.status_code, answer.headers["X-Request-ID"]) == (401, "mine")


async def test_each_request_leaves_one_line_that_tells_nothing_of_its_contents(api: ApiUnderTest) -> None:
    trunk_id = (await api.create())["id"]
    with capture_logs(processors=[merge_contextvars]) as lines:
        await api.client.post(f"{URL}?secret=hunter2", json=BODY, headers={"X-Request-ID": "r1"})
        await api.client.get(f"{URL}/{trunk_id}/events?cursor=hunter2", headers={"X-Request-ID": "r2"})
        await api.client.get("/api/v1/hunter2", headers={"X-Request-ID": "r3"})
    told = [
        (line["request_id"], line["method"], line["route"], line["status"])
        for line in lines
        if line["event"] == "request"
    ]
    assert told == [
        ("r1", "POST", URL, 201),
        ("r2", "GET", f"{URL}/{{trunk_id}}/events", 422),
        ("r3", "GET", "none", 404),
    ]
    assert all(line["duration_ms"] > 0 for line in lines)
    for secret in (
        "hunter2",
        str(BODY["password"]),
        api.client.headers["Authorization"].removeprefix("Bearer "),
    ):
        assert secret not in str(lines)


async def test_a_run_keeps_the_id_of_who_asked(api: ApiUnderTest) -> None:
    trunk_id = (await api.create())["id"]
    await api.client.post(f"{URL}/{trunk_id}/verify?async=true", headers={"X-Request-ID": "who-asked"})
    claim = api.store.claim(api.rung[0])
    assert claim is not None
    assert claim.request_id == "who-asked"
