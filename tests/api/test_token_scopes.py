"""Every call of the OpenAPI document under each scope of tokens: what is added there is judged here unasked."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from api.dialects import DIALECTS, spoken_at
from api.middleware.token_scopes import ONLY_ASKING
from api.middleware.write_concurrency import READING_METHODS
from tests.api.client import ApiUnderTest
from tests.api.everything import Target, make_target
from trunks.installation.settings import Settings
from trunks.models.base import Base
from trunks.models.environment import TokenScope

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)


@pytest.fixture
def store_settings_of_api(store_settings: Settings) -> Settings:
    """Wait for nothing: no worker does what the calls ask for."""
    return store_settings.model_copy(update={"verify_wait_seconds": 0.0})


MENDS = {TokenScope.READ_ONLY: "without --read-only", TokenScope.OPERATOR: "token create --environment"}
JSON = {"Content-Type": "application/json", "Idempotency-Key": "k"}
ID = "00000000-0000-7000-8000-000000000000"

Call = tuple[str, str]


def tokens_of(api: ApiUnderTest) -> dict[TokenScope, str]:
    tenants = api.store.installation.tenancy.tenants
    return {
        TokenScope.FULL: tenants.create_token(api.store.tenant),
        TokenScope.READ_ONLY: tenants.create_token(api.store.tenant, read_only=True),
        TokenScope.OPERATOR: tenants.create_operator_token(),
    }


def calls_of(api: ApiUnderTest) -> list[Call]:
    """All calls below the dialects' prefixes, and one that no route takes."""
    paths: dict[str, dict[str, Any]] = api.app.openapi()["paths"]
    found = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    return [call for call in found if spoken_at(call[1])] + [
        (method, f"{dialect.prefix}/nothing") for dialect in DIALECTS for method in ("GET", "POST", "PUT")
    ]


def path_of(template: str, target: Target) -> str:
    """Name the trunk that there is, and of all else nothing."""
    serial = template.startswith("/api/user")
    known = {
        "trunk_id": str(target.serial if serial else target.id),
        "verification_id": target.verification_id,
    }
    return re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], ID), template)


def is_refused(scope: TokenScope, call: Call) -> bool:
    if scope is TokenScope.READ_ONLY:
        return call[0] not in READING_METHODS and call[1] not in ONLY_ASKING
    return scope is TokenScope.OPERATOR


class UnreadBody:
    """A body of which is known whether anybody has begun to read it."""

    def __init__(self) -> None:
        self.is_read = False

    async def chunks(self) -> AsyncIterator[bytes]:
        self.is_read = True
        yield b"{}"


def shape_of(answer: httpx.Response) -> list[str]:
    return list(answer.json())


def rows_of(api: ApiUnderTest) -> dict[str, int]:
    with api.store.installation.database.read() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }


SHAPES = {"talkover": ["success", "message", "code"], "autocalls": ["error"], "bolna": ["error", "message"]}
CODES = {TokenScope.READ_ONLY: "TOKEN_READ_ONLY", TokenScope.OPERATOR: "TOKEN_OF_OPERATOR"}


@pytest.mark.parametrize("scope", [TokenScope.READ_ONLY, TokenScope.OPERATOR, TokenScope.FULL])
async def test_each_call_is_open_or_refused_by_the_tokens_scope(api: ApiUnderTest, scope: TokenScope) -> None:
    target = make_target(api.store)
    headers = {**JSON, "Authorization": f"Bearer {tokens_of(api)[scope]}"}
    calls, before = calls_of(api), rows_of(api)
    assert len(calls) > 60
    for method, template in calls:
        if method == "DELETE" and scope is TokenScope.FULL:
            template = template.replace("{trunk_id}", ID)
        body = UnreadBody()
        content = None if method == "GET" else body.chunks()
        path = path_of(template, target)
        answer = await api.client.request(method, path, headers=headers, content=content)
        if not is_refused(scope, (method, template)):
            assert answer.status_code not in (401, 403, 429, 500), (method, path, answer.text)
            continue
        dialect = spoken_at(path)
        assert dialect is not None
        assert (answer.status_code, shape_of(answer)) == (403, SHAPES[dialect.name]), (method, path)
        assert answer.json().get("code", CODES[scope]) == CODES[scope]
        assert MENDS[scope] in answer.text
        assert not body.is_read, (method, path)
    if scope is not TokenScope.FULL:
        # Not even an Idempotency-Key is remembered; what reads may ask for the carrier's health, which is no row.
        assert rows_of(api) == before
        assert api.rung == []


async def test_the_document_declares_what_a_scope_is_refused(api: ApiUnderTest) -> None:
    paths: dict[str, dict[str, Any]] = api.app.openapi()["paths"]
    assert set(paths) >= ONLY_ASKING
    for path, methods in paths.items():
        for method, operation in methods.items():
            if spoken_at(path) is None:
                continue
            examples = set(operation["responses"]["403"]["content"]["application/json"]["examples"])
            codes = {code for scope, code in CODES.items() if is_refused(scope, (method.upper(), path))}
            assert examples & set(CODES.values()) == codes, (method, path)


async def test_a_refused_call_counts_and_a_head_is_answered(api: ApiUnderTest) -> None:
    token = tokens_of(api)[TokenScope.READ_ONLY]
    headers = {"Authorization": f"Bearer {token}"}
    read = await api.client.head("/api/v1/sip-trunks", headers=headers)
    refused = await api.client.post("/api/v1/sip-trunks", headers=headers, json={})
    assert (read.status_code, refused.status_code) == (200, 403)
    left = [int(answer.headers["X-RateLimit-Remaining"]) for answer in (read, refused)]
    assert left[0] - left[1] == 1


async def test_a_token_that_only_reads_is_given_no_kept_answer(api: ApiUnderTest) -> None:
    """The answer to a creation stands under its key: whoever may not create is not told it."""
    body = {"name": "a", "provider_name": "b", "domain": "sip.example", "username": "u", "password": "p"}
    keyed = {"Idempotency-Key": "k"}
    assert (await api.client.post("/api/v1/sip-trunks", json=body, headers=keyed)).status_code == 201
    reading = {**keyed, "Authorization": f"Bearer {tokens_of(api)[TokenScope.READ_ONLY]}"}
    again = await api.client.post("/api/v1/sip-trunks", json=body, headers=reading)
    assert (again.status_code, again.json()["code"]) == (403, "TOKEN_READ_ONLY")
