"""HEAD wherever GET is: the same status and headers, and no body."""

import re
from collections import defaultdict
from uuid import UUID

import httpx
import pytest

from tests.api.client import ApiUnderTest
from tests.api.http_thread import HttpThread
from tests.api.test_autocalls import EXTENSION
from tests.api.test_autocalls import URL as AUTOCALLS
from tests.trunks.forms import make_report

TALKOVER, BOLNA = "/api/v1/sip-trunks", "/sip-trunks/trunks"
# The id of what is not there: a test call, a webhook endpoint and what belongs to it, a link.
NOBODYS = str(UUID(int=0))
# What an answer has of its own.
OWN = ("x-request-id", "x-ratelimit-remaining", "x-ratelimit-reset", "date")

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)


@pytest.fixture
async def addresses(api: ApiUnderTest) -> list[str]:
    """Give every address that the OpenAPI document has a GET at, most of things that are there, and those beside it."""
    trunk = await api.create()
    run = (await api.verified(trunk["id"], make_report())).json()["data"]["verification_id"]
    api.on_ring = lambda verification_id: None
    serial = (await api.client.post(AUTOCALLS, json=EXTENSION)).json()["data"]["id"]
    paths = (await api.client.get("/openapi.json")).json()["paths"]
    with_get = [path for path, operations in paths.items() if "get" in operations and _is_there(path)]
    there = defaultdict(lambda: NOBODYS, verification_id=run)
    return [
        path.format_map(there | {"trunk_id": serial if path.startswith(AUTOCALLS) else trunk["id"]})
        for path in with_get
    ] + ["/openapi.json", "/docs"]


def _is_there(path: str) -> bool:
    """Whether what the path names was made here: a test call, an endpoint or a delivery was not."""
    return set(re.findall(r"{(\w+)}", path)) <= {"trunk_id", "verification_id"}


async def test_it_is_answered_as_get_is(api: ApiUnderTest, addresses: list[str]) -> None:
    assert len(addresses) > 12
    for path in addresses:
        head, get = await api.client.head(path), await api.client.get(path)
        assert (head.status_code, head.content) == (get.status_code, b""), path
        assert get.status_code in ((404,) if NOBODYS in path else (200, 503)), path
        if path != "/metrics":
            assert _same(head) == _same(get), path


def _same(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in OWN}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{TALKOVER}/verify", 404),
        (f"{TALKOVER}/00000000-0000-0000-0000-000000000000", 404),
        (f"{TALKOVER}/00000000-0000-0000-0000-000000000000/verify", 405),
        (f"{BOLNA}/nothing/verify", 405),
        ("/api/user/phone-numbers/1", 405),
        ("/nowhere", 404),
    ],
)
async def test_a_refusal_has_no_body_either(api: ApiUnderTest, path: str, status: int) -> None:
    answer = await api.client.head(path)
    assert (answer.status_code, answer.content) == (status, b"")
    assert int(answer.headers["Content-Length"]) > 0


async def test_allow_names_it(api: ApiUnderTest) -> None:
    answer = await api.client.put(TALKOVER, json={})
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, POST")


async def test_a_connection_goes_on_behind_it(api: ApiUnderTest) -> None:
    headers = api.client.headers
    with HttpThread(api.app) as server:
        async with httpx.AsyncClient(base_url=server.url, headers=headers) as client:
            paths = (TALKOVER, "/api/v1/x", "/healthz", TALKOVER)
            assert [(await client.head(path)).status_code for path in paths] == [200, 404, 200, 200]
            listed = (await client.get(TALKOVER)).json()
            assert listed == {"success": True, "data": [], "next_cursor": None}
