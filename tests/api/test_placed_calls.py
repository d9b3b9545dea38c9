"""Test calls over HTTP: what is refused and how it is told, and whoever waits is given the report."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.api.client import ApiUnderTest
from tests.observed import until
from trunks.runs.calls.claims import ClaimedCall

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

TRUNKS = "/api/v1/sip-trunks"
TO = "+4930123456"
BERLIN = "+493012345678"


async def trunk_that_may_call(api: ApiUnderTest) -> str:
    api.store.installation.tenancy.tenants.change_calls(api.store.tenant, allow_test_calls=True)
    trunk_id: str = (await api.create())["id"]
    number = {"country_code": "DE", "number": BERLIN}
    made = await api.client.post(f"{TRUNKS}/{trunk_id}/dids", json=number)
    assert made.status_code == 201, made.text
    return trunk_id


async def place(api: ApiUnderTest, trunk_id: str, query: str = "", **body: Any) -> httpx.Response:
    return await api.client.post(f"{TRUNKS}/{trunk_id}/test-call{query}", json={"to": TO} | body)


def play_worker(api: ApiUnderTest) -> None:
    """Claim what waits and end it: as a worker that was broken off."""
    claims = api.store.installation.runs.call_claims
    for claimed in claims.claim(limit=5):
        assert claims.finish(claimed, None)


async def test_a_call_is_placed_shown_and_listed(api: ApiUnderTest) -> None:
    trunk_id = await trunk_that_may_call(api)
    answer = await place(api, trunk_id, format="auto")
    assert answer.status_code == 202, answer.text
    data = answer.json()["data"]
    assert data["status"] == "queued"
    second = await place(api, trunk_id)
    assert (second.status_code, second.json()["code"]) == (409, "CALL_IN_PROGRESS")
    assert second.headers["Retry-After"] == "10"
    play_worker(api)
    shown = (await api.client.get(f"{TRUNKS}/{trunk_id}/test-calls/{data['call_id']}")).json()["data"]
    assert (shown["status"], shown["to"], shown["outcome"], shown["report"]) == (
        "done",
        TO,
        "inconclusive",
        None,
    )
    listed = (await api.client.get(f"{TRUNKS}/{trunk_id}/test-calls")).json()
    del shown["report"]
    assert (listed["data"], listed["next_cursor"]) == ([shown], None)
    gone = await api.client.get(f"{TRUNKS}/{trunk_id}/test-calls/{trunk_id}")
    assert (gone.status_code, gone.json()["code"]) == (404, "TEST_CALL_NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        ({"to": ""}, "to", "at least 1 character"),
        ({"to": None}, "to", "be text"),
        ({"format": "e.164"}, "format", "be one of: +e164, e164, national, auto"),
        ({"identity": "both"}, "identity", "be one of: number, username, auto"),
        ({"ring_seconds": 0}, "ring_seconds", "at least 1"),
        ({"ring_seconds": "30"}, "ring_seconds", "whole number"),
        ({"ring_seconds": 56}, "talk_seconds", "60 s at most"),
        ({"ring_seconds": 30, "talk_seconds": 31}, "talk_seconds", "60 s at most"),
        ({"apply": "yes"}, "apply", "true or false"),
    ],
)
async def test_wrong_fields_are_told(body: dict[str, Any], field: str, said: str, api: ApiUnderTest) -> None:
    trunk_id = await trunk_that_may_call(api)
    answer = await place(api, trunk_id, **body)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert list(answer.json()["errors"]) == [field]
    assert said in answer.json()["errors"][field][0]


async def test_each_refusal_has_its_status_and_code(api: ApiUnderTest) -> None:
    trunk_id: str = (await api.create())["id"]
    forbidden = await place(api, trunk_id)
    assert (forbidden.status_code, forbidden.json()["code"]) == (403, "TEST_CALLS_NOT_ALLOWED")
    await api.client.delete(f"{TRUNKS}/{trunk_id}")
    trunk_id = await trunk_that_may_call(api)
    for body, code in (
        ({"to": "+1 911"}, "NUMBER_NOT_ALLOWED"),
        ({"to": "+14155551234"}, "NUMBER_NOT_ALLOWED"),
        ({"from": "+493012345679"}, "CALLER_NOT_YOURS"),
    ):
        refused = await place(api, trunk_id, **body)
        assert (refused.status_code, refused.json()["code"]) == (422, code), refused.text
    for _ in range(3):
        assert (await place(api, trunk_id)).status_code == 202
        play_worker(api)
    limited = await place(api, trunk_id)
    assert (limited.status_code, limited.json()["code"]) == (429, "TEST_CALL_LIMIT")
    assert int(limited.headers["Retry-After"]) == 3600


async def test_whoever_waits_is_given_the_call(api: ApiUnderTest) -> None:
    trunk_id = await trunk_that_may_call(api)
    waiting = asyncio.create_task(place(api, trunk_id, "?wait=true"))
    claims = api.store.installation.runs.call_claims
    claimed: list[ClaimedCall] = []

    def is_claimed() -> bool:
        claimed.extend(claims.claim(limit=5))
        return bool(claimed)

    await until(is_claimed)
    assert not waiting.done()
    assert claims.finish(claimed[0], None)
    answer = await waiting
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert (data["id"], data["status"]) == (str(claimed[0].id), "done")
