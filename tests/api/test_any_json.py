"""Every field of every body is sent what JSON can say: nothing breaks, in any dialect, over either engine.

The fields are those of the OpenAPI document.
"""

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import httpx
import pytest

from tests.api.client import ApiUnderTest
from tests.trunks.forms import make_report
from trunks.installation.settings import Settings

JSON = {"Content-Type": "application/json"}
TALKOVER, BOLNA = "/api/v1/sip-trunks", "/sip-trunks/trunks"
AUTOCALLS = "/api/user/phone-numbers/sip-trunks"
# A stand-in that no field has by itself.
HOLE = "@hole@"

# What is text by JSON's grammar, and by nothing else's.
TEXTS = [r'"\ud800"', r'"\u0000"', r'"sip.\udfff.example"', r'"1\u00002"']
OTHERS = [
    "null",
    "true",
    "-1",
    "0.5",
    "1e400",
    "-1e400",
    "NaN",
    "Infinity",
    "1" * 400,
    "1" * 5000,
    '""',
    '" "',
    r'"\n"',
    r'"\u202e"',
    '"' + "x" * 100_000 + '"',
    "[]",
    "[[]]",
    "[null]",
    r'["\ud800"]',
    r'["\u0000"]',
    "{}",
    r'{"\ud800": "\ud800"}',
    "[" * 500 + "]" * 500,
    "[" * 100_000,
    "[" * 100_000 + "]" * 100_000,
]
# Words of the framework, which nobody who calls an API has to know.
FRAMEWORK = re.compile(
    r"Input should|String should|List should|Value should|validation|pattern|valid dict|\^\["
)


# Its one field is tests/api/test_shared_page.py's.
NEEDS_A_PUBLIC_URL = "/share"


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    example: dict[str, Any]
    fields: tuple[tuple[str | int, ...], ...]


@pytest.fixture
async def unlimited(api: ApiUnderTest) -> ApiUnderTest:
    """Give an API with a token that may make as many requests as it likes, and a worker that finds all well."""
    tenants = api.store.installation.tenancy.tenants
    tenants.create_environment("unlimited", requests_per_minute=1_000_000)
    api.client.headers["Authorization"] = f"Bearer {tenants.create_token('unlimited')}"
    api.on_ring = api.work(make_report())
    return api


def operations(document: dict[str, Any], ids: dict[str, str]) -> Iterator[Operation]:
    """List what takes a body, at things that are there."""
    schemas = document["components"]["schemas"]
    for template, methods in document["paths"].items():
        for method, operation in methods.items():
            if "requestBody" not in operation or template.endswith(NEEDS_A_PUBLIC_URL):
                continue
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            # A body that may be left out is one of two.
            schema = next((each for each in schema.get("anyOf", ()) if "$ref" in each), schema)
            body = schemas[schema["$ref"].rpartition("/")[2]]
            at = {
                "trunk_id": ids.get(template.partition("/{")[0]),
                "did_id": ids["did"],
                "endpoint_id": ids["endpoint"],
            }
            path = template.format_map(at)
            yield Operation(method, path, body["example"], tuple(places(body, schemas)))


def places(schema: dict[str, Any], schemas: dict[str, Any]) -> Iterator[tuple[str | int, ...]]:
    """List where something stands in a body, by its schema; in a list at its first place."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    for name, field in schema.get("properties", {}).items():
        yield (name,)
        yield from ((name, *below) for below in places(field, schemas))
    for kind in schema.get("anyOf", ()):
        yield from places(kind, schemas)
    if "items" in schema:
        yield (0,)
        yield from ((0, *below) for below in places(schema["items"], schemas))


def filled(operation: Operation, place: tuple[str | int, ...], value: str) -> bytes:
    """Write the example with a value at a place, which may be below what it has not."""
    body = copy.deepcopy(operation.example)
    at: Any = body
    for step, following in zip(place, (*place[1:], None), strict=True):
        below: Any = HOLE if following is None else [{}] if following == 0 else {}
        if isinstance(step, int):
            if following is None or not at:
                at[:] = [below]
        elif following is None or not at.get(step):
            at[step] = below
        at = at[step]
    return json.dumps(body).replace(f'"{HOLE}"', value).encode()


async def ids_of_things(api: ApiUnderTest) -> dict[str, str]:
    talkover = (await api.client.post(TALKOVER, json=await example(api, TALKOVER))).json()["data"]["id"]
    did = {"country_code": "US", "number": "+15551239999"}
    autocalls = await api.client.post(AUTOCALLS, json=await example(api, AUTOCALLS) | {"phone_number": "99"})
    bolna = await api.client.post(BOLNA, json=await example(api, BOLNA) | {"name": "There"})
    endpoint = await api.client.post(
        "/api/v1/webhook-endpoints", json={"url": "https://receiver.example/there"}
    )
    return {
        "endpoint": endpoint.json()["data"]["id"],
        TALKOVER: talkover,
        f"{TALKOVER}/verify": "",
        AUTOCALLS: str(autocalls.json()["data"]["id"]),
        BOLNA: bolna.json()["id"],
        "did": (await api.client.post(f"{TALKOVER}/{talkover}/dids", json=did)).json()["data"]["id"],
    }


async def example(api: ApiUnderTest, path: str) -> dict[str, Any]:
    document = (await api.client.get("/openapi.json")).json()
    schema = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["example"]
    return found


async def send(api: ApiUnderTest, operation: Operation, content: bytes) -> httpx.Response:
    answer = await api.client.request(operation.method, operation.path, content=content, headers=JSON)
    assert answer.status_code < 500, (operation.method, operation.path, content[:200], answer.text)
    told = answer.json()
    if answer.status_code >= 400:
        assert FRAMEWORK.search(answer.text) is None, (content[:200], answer.text[:500])
    elif answer.status_code == 201:
        # Out of the way of the next.
        made = told.get("data", told)["id"]
        place = "/api/user/phone-numbers" if operation.path == AUTOCALLS else operation.path
        assert (await api.client.delete(f"{place}/{made}")).status_code == 200
    return answer


async def assert_all_can_be_read(api: ApiUnderTest) -> None:
    for path in (TALKOVER, AUTOCALLS, BOLNA):
        assert (await api.client.get(path)).status_code == 200


async def test_no_text_breaks_any_field(unlimited: ApiUnderTest, store_settings: Settings) -> None:
    # SQLite keeps whatever text is given to it; there one of them for each place will do. To PostgreSQL it is one of
    # either kind, alone at one place and within a text at the next.
    at_once = 2 if store_settings.database_url else 1
    ids = await ids_of_things(unlimited)
    document = (await unlimited.client.get("/openapi.json")).json()
    sent = 0
    for operation in operations(document, ids):
        example_of_its_own = await send(unlimited, operation, json.dumps(operation.example).encode())
        assert example_of_its_own.status_code not in (400, 422)
        for number, place in enumerate(operation.fields):
            for value in islice(cycle(TEXTS), number, number + at_once):
                await send(unlimited, operation, filled(operation, place, value))
                sent += 1
    assert sent > 100 * at_once
    await assert_all_can_be_read(unlimited)


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
async def test_no_value_breaks_a_body(unlimited: ApiUnderTest) -> None:
    ids = await ids_of_things(unlimited)
    document = (await unlimited.client.get("/openapi.json")).json()
    for turn, operation in enumerate(operations(document, ids)):
        for number, value in enumerate(OTHERS):
            # For the body; for a field that is unknown, for all that are known, or for one that comes twice.
            known = json.dumps(dict.fromkeys((str(place[0]) for place in operation.fields), HOLE))
            plain = json.dumps(operation.example)
            name = json.dumps(operation.fields[0][0])
            inside = (
                f'{{"unknown": {value}, {plain[1:]}',
                known.replace(f'"{HOLE}"', value),
                f"{{{name}: {value}, {plain[1:]}",
            )
            for content in (value, inside[(turn + number) % len(inside)]):
                answer = await send(unlimited, operation, content.encode())
                if content == value and operation.method == "post":
                    assert answer.status_code in (400, 422), (operation, value[:50])
    await assert_all_can_be_read(unlimited)


@pytest.mark.long
async def test_no_value_breaks_any_field(unlimited: ApiUnderTest) -> None:
    ids = await ids_of_things(unlimited)
    document = (await unlimited.client.get("/openapi.json")).json()
    for operation in operations(document, ids):
        for place in operation.fields:
            for value in OTHERS:
                await send(unlimited, operation, filled(operation, place, value))
    await assert_all_can_be_read(unlimited)


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
async def test_a_body_that_cannot_be_read_is_told_why(api: ApiUnderTest) -> None:
    told = "it is not in UTF-8, nests too deeply, or a number in it is too long"
    for content in (b'{"name": "\xff\xfe"}', b"[" * 100_000, b'{"port": ' + b"1" * 5000 + b"}"):
        for path in (TALKOVER, AUTOCALLS, BOLNA):
            for headers in ({}, {"Idempotency-Key": f"key-{len(content)}"}):
                answer = await api.client.post(path, content=content, headers=JSON | headers)
                assert (answer.status_code, told in answer.text) == (400, True), (content[:20], answer.text)
