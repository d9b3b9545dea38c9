"""The short way of `…/verify?async=true` answers as the long one, which another spelling of it takes."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from structlog.testing import capture_logs

from tests.api.client import ApiUnderTest
from tests.trunks.forms import Store

URL = "/api/v1/sip-trunks"
SHORT, LONG = "async=true", "async=1"
OF_ITS_OWN = frozenset({"x-request-id", "x-ratelimit-remaining", "x-ratelimit-reset"})


async def told(api: ApiUnderTest, trunk_id: str, query: str, **headers: str) -> tuple[Any, ...]:
    """What the client, the log and the metrics are told."""
    with capture_logs() as lines:
        answer = await api.client.post(f"{URL}/{trunk_id}/verify?{query}", headers=headers)
    (line,) = (each for each in lines if each["event"] == "request")
    return answer.status_code, kept(answer), answer.json(), line["route"], line["method"], line["status"]


def kept(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in OF_ITS_OWN}


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "once"}], ids=["plain", "with a key"])
async def test_both_ways_answer_alike(api: ApiUnderTest, headers: dict[str, str]) -> None:
    trunk_id = (await api.create())["id"]
    stranger = Store(api.store.installation, api.store.clock, tenant="stranger")
    cases = [trunk_id, str(uuid4()), str(stranger.make_trunk().id), trunk_id.upper(), "no-id", trunk_id[:-1]]
    for number, each in enumerate(cases):
        given = {name: f"{value} {number}" for name, value in headers.items()}
        again = {name: f"{value} again {number}" for name, value in headers.items()}
        short = await told(api, each, SHORT, **given)
        # The run that the short way has queued is the one that the long way finds open.
        assert short == await told(api, each, LONG, **again)
    assert len(set(api.rung)) == 1


async def test_the_run_is_the_callers_and_bears_his_requests_id(api: ApiUnderTest) -> None:
    trunk_id = (await api.create())["id"]
    answer = await api.client.post(f"{URL}/{trunk_id}/verify?{SHORT}", headers={"X-Request-ID": "mine"})
    assert (answer.status_code, answer.headers["X-Request-ID"]) == (202, "mine")
    run = api.store.run(UUID(trunk_id), UUID(answer.json()["data"]["verification_id"]))
    assert run.request_id == "mine"


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_another_method_and_no_token_are_what_they_were(api: ApiUnderTest, method: str) -> None:
    trunk_id = (await api.create())["id"]
    path = f"{URL}/{trunk_id}/verify"
    short = await api.client.request(method, f"{path}?{SHORT}")
    long = await api.client.request(method, f"{path}?{LONG}")
    assert (short.status_code, short.json(), kept(short)) == (long.status_code, long.json(), kept(long))
    refused = await api.client.post(f"{path}?{SHORT}", headers={"Authorization": "Bearer x"})
    assert refused.status_code == 401
    assert api.rung == []
