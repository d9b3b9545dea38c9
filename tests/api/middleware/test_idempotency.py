"""Idempotency-Key: a POST that comes again is done once (docs/design/dialects.md, "All")."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text
from structlog.testing import capture_logs

from api.middleware import idempotency
from tests.api.client import BODY, ApiUnderTest
from tests.trunks.forms import PASSWORD
from trunks.catalog.trunks import TrunkCatalog
from trunks.errors import StoreUnavailable
from trunks.models.idempotent_request import IdempotentRequest
from trunks.models.trunk import Trunk
from trunks.tenancy.idempotent_requests import (
    LEASE_SECONDS,
    KeptAnswer,
    KeyedRequest,
    KeyedRequests,
    RequestClaim,
)

URL = "/api/v1/sip-trunks"
DAY_SECONDS = 24 * 3600

on_sqlite = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)


async def post(api: ApiUnderTest, key: str, **given: Any) -> httpx.Response:
    given = {"url": URL, "json": BODY} | given
    headers = {"Idempotency-Key": key, **given.pop("headers", {})}
    return await api.client.post(headers=headers, **given)


def count(api: ApiUnderTest, table: type[Trunk] | type[IdempotentRequest]) -> int:
    with api.store.installation.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


async def test_the_same_again_is_answered_the_same(api: ApiUnderTest) -> None:
    first = await post(api, "k1")
    again = await post(api, "k1")
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    # What each answer has of its own.
    assert again.headers["X-Request-ID"] != first.headers["X-Request-ID"]
    assert int(again.headers["X-RateLimit-Remaining"]) == int(first.headers["X-RateLimit-Remaining"]) - 1
    assert count(api, Trunk) == 1


async def test_another_body_under_the_key_is_refused(api: ApiUnderTest) -> None:
    await post(api, "k1")
    answer = await post(api, "k1", json=BODY | {"name": "Another"})
    assert (answer.status_code, answer.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert count(api, Trunk) == 1


async def test_parallel_calls_make_one_row(api: ApiUnderTest) -> None:
    answers = await asyncio.gather(*(post(api, "k1") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["data"]["id"] for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 19
    assert count(api, Trunk) == 1


async def test_parallel_calls_through_two_processes_make_one_row(
    api: ApiUnderTest, make_another_api: Callable[[], Awaitable[ApiUnderTest]]
) -> None:
    other = await make_another_api()
    answers = await asyncio.gather(*(post(each, "k1") for each in (api, other) * 5))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["data"]["id"] for answer in answers}) == 1
    assert count(api, Trunk) == 1


@on_sqlite
async def test_a_key_is_of_one_environment_method_and_path(api: ApiUnderTest) -> None:
    made = (await post(api, "k1")).json()["data"]["id"]
    tenants = api.store.installation.tenancy.tenants
    tenants.create_environment("globex")
    foreign = {"Authorization": f"Bearer {tenants.create_token('globex')}"}
    assert (await post(api, "k1", headers=foreign)).json()["data"]["id"] != made
    number = {"country_code": "US", "number": "+15551234567"}
    did = await post(api, "k1", url=f"{URL}/{made}/dids", json=number)
    assert (did.status_code, "Idempotent-Replayed" in did.headers) == (201, False)
    # A token is another speaker for the same environment.
    second = {"Authorization": f"Bearer {tenants.create_token(api.store.tenant)}"}
    assert (await post(api, "k1", headers=second)).json()["data"]["id"] == made
    # Only a POST has to be told from its repetition.
    for _ in range(2):
        shown = await api.client.get(f"{URL}/{made}", headers={"Idempotency-Key": "k1"})
        assert "Idempotent-Replayed" not in shown.headers


@on_sqlite
async def test_a_replay_comes_before_the_check_for_duplicates(api: ApiUnderTest) -> None:
    url = f"{URL}/{(await api.create())['id']}/dids"
    number = {"country_code": "US", "number": "+15551234567"}
    first = await post(api, "k1", url=url, json=number)
    assert (await post(api, "k1", url=url, json=number)).content == first.content
    assert (await post(api, "k2", url=url, json=number)).json()["code"] == "DID_ALREADY_EXISTS"
    assert (await post(api, "k2", url=url, json=number)).headers["Idempotent-Replayed"] == "true"


@on_sqlite
async def test_the_query_is_part_of_what_was_sent(api: ApiUnderTest) -> None:
    url = f"{URL}/{(await api.create())['id']}/verify"
    first = await post(api, "k1", url=f"{url}?async=true", json=None)
    assert first.status_code == 202
    assert (await post(api, "k1", url=f"{url}?async=true", json=None)).content == first.content
    assert (await post(api, "k1", url=url, json=None)).json()["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert len(api.rung) == 1


async def test_a_key_is_free_again_after_a_day(api: ApiUnderTest) -> None:
    first = (await post(api, "k1")).json()["data"]["id"]
    await post(api, "k2")
    api.store.clock.advance(DAY_SECONDS - 1)
    assert (await post(api, "k1")).json()["data"]["id"] == first
    api.store.clock.advance(1)
    assert (await post(api, "k3")).status_code == 201
    assert count(api, IdempotentRequest) == 1  # the old ones are gone
    assert (await post(api, "k1", json=BODY | {"name": "Another"})).json()["data"]["id"] != first


@on_sqlite
async def test_what_broke_on_our_side_may_be_sent_again(
    api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error, status in ((ZeroDivisionError(), 500), (StoreUnavailable(), 503)):
        with monkeypatch.context() as patched:

            def broken(*_: object, error: Exception = error, **__: object) -> None:
                raise error

            patched.setattr(TrunkCatalog, "create", broken)
            assert (await post(api, "k1")).status_code == status
    answer = await post(api, "k1")
    assert (answer.status_code, "Idempotent-Replayed" in answer.headers) == (201, False)


@on_sqlite
async def test_a_refusal_is_an_answer_too(api: ApiUnderTest) -> None:
    first = await post(api, "k1", json={})
    again = await post(api, "k1", json={})
    assert (first.status_code, again.status_code) == (422, 422)
    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"


def begun_elsewhere(api: ApiUnderTest, key: str) -> RequestClaim:
    """Begin the request of post() as another process does that never comes to its end."""
    request = httpx.Request("POST", "http://api", json=BODY)
    claim = api.store.installation.tenancy.keyed_requests.begin(
        KeyedRequest(
            environment_id=api.store.caller.environment_id,
            method="POST",
            path=URL,
            key=key,
            query=b"",
            body=request.content,
        )
    )
    assert isinstance(claim, RequestClaim)
    return claim


async def test_a_first_that_goes_on_is_told_and_one_that_died_is_done_again(
    api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 0.2)
    begun_elsewhere(api, "k1")
    answer = await post(api, "k1")
    assert (answer.status_code, answer.json()["code"]) == (409, "IDEMPOTENCY_KEY_IN_USE")
    assert int(answer.headers["Retry-After"]) >= 1
    assert (await post(api, "k1", json={})).json()["code"] == "IDEMPOTENCY_KEY_REUSED"
    api.store.clock.advance(api.store.installation.settings.verify_wait_seconds + 31)
    assert (await post(api, "k1")).status_code == 201
    assert count(api, Trunk) == 1


@on_sqlite
async def test_whoever_goes_on_keeps_its_lease(api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 0.1)
    monkeypatch.setattr(idempotency, "_RENEW_SECONDS", 0.01)
    create, renew = TrunkCatalog.create, KeyedRequests.renew
    held, renewed = threading.Event(), threading.Semaphore(0)

    def slow(*given: Any, **named: Any) -> Trunk:
        assert held.wait(20)
        return create(*given, **named)

    def noted(requests: KeyedRequests, claim: RequestClaim) -> bool:
        ours = renew(requests, claim)
        renewed.release()
        return ours

    monkeypatch.setattr(TrunkCatalog, "create", slow)
    monkeypatch.setattr(KeyedRequests, "renew", noted)
    first = asyncio.create_task(post(api, "k1"))
    for _ in range(4):
        # The second of two began behind the last advance.
        for _ in range(2):
            await asyncio.to_thread(renewed.acquire)
        api.store.clock.advance(LEASE_SECONDS * 0.8)
    for _ in range(2):
        await asyncio.to_thread(renewed.acquire)
    assert (await post(api, "k1")).json()["code"] == "IDEMPOTENCY_KEY_IN_USE"
    held.set()
    assert (await first).status_code == 201
    assert count(api, Trunk) == 1


SAME = [
    b'{"name": "A", "provider_name": "x"}',
    b'{"provider_name":"x","name":"A"}',
    b' {"provider_name" : "x",\n "name" : "\\u0041"}',
]
OTHERS = [
    b'{"name": "A", "provider_name": "y"}',
    b'{"name": "a", "provider_name": "x"}',
    b'{"name": "A", "provider_name": "x", "port": null}',
    b'{"name": "A", "provider_name": ["x"]}',
    b'{"name": "A", "provider_name": "x"',
    b'["name", "A", "provider_name", "x"]',
    b"",
]


@on_sqlite
async def test_a_body_is_what_it_says(api: ApiUnderTest) -> None:
    """Clients that write their fields in another order the next time send the same request."""
    headers = {"Content-Type": "application/json"}
    first = await post(api, "k1", json=None, content=SAME[0], headers=headers)
    for content in SAME:
        again = await post(api, "k1", json=None, content=content, headers=headers)
        assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    for content in OTHERS:
        other = await post(api, "k1", json=None, content=content, headers=headers)
        assert other.json()["code"] == "IDEMPOTENCY_KEY_REUSED", content


@on_sqlite
async def test_the_second_waits_for_the_first(api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = begun_elsewhere(api, "k1")
    remembered = api.store.installation.tenancy.keyed_requests
    begin, looked = KeyedRequests.begin, threading.Semaphore(0)

    def noted(requests: KeyedRequests, request: KeyedRequest) -> RequestClaim | KeptAnswer:
        try:
            return begin(requests, request)
        finally:
            looked.release()

    monkeypatch.setattr(KeyedRequests, "begin", noted)
    waiting = asyncio.create_task(post(api, "k1"))
    for _ in range(2):
        await asyncio.to_thread(looked.acquire)
    remembered.finish(claim, KeptAnswer(201, {"x-made": "elsewhere"}, b"{}"))
    answer = await waiting
    assert (answer.status_code, answer.headers["x-made"]) == (201, "elsewhere")
    assert answer.headers["Idempotent-Replayed"] == "true"


@on_sqlite
async def test_who_lost_its_lease_keeps_nothing(api: ApiUnderTest) -> None:
    remembered = api.store.installation.tenancy.keyed_requests
    late = begun_elsewhere(api, "k1")
    api.store.clock.advance(1000)
    answer = await post(api, "k1")
    remembered.release(late)
    assert not remembered.finish(late, KeptAnswer(500, {}, b"late"))
    assert (await post(api, "k1")).content == answer.content


BOLNA = {
    "name": "Mumbai carrier",
    "provider": "carrier-x",
    "auth_type": "userpass",
    "auth_username": "user_42",
    "auth_password": PASSWORD,
    "gateways": [{"gateway_address": "sip.carrier.example"}],
}


@pytest.mark.parametrize(("url", "body"), [(URL, BODY), ("/sip-trunks/trunks", BOLNA)])
async def test_a_process_that_died_behind_its_work_made_the_only_one(
    api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch, url: str, body: dict[str, Any]
) -> None:
    with monkeypatch.context() as patched:
        # As after kill -9: the trunk is entered, and nothing is kept of the answer.
        patched.setattr(KeyedRequests, "finish", lambda *_: False)
        first = await post(api, "k1", url=url, json=body)
    api.store.clock.advance(api.store.installation.settings.verify_wait_seconds + 31)
    again = await post(api, "k1", url=url, json=body)
    assert (again.status_code, "Idempotent-Replayed" in again.headers) == (201, False)
    assert again.json() == first.json()
    assert count(api, Trunk) == 1


@on_sqlite
async def test_an_answer_that_cannot_be_kept_is_given_all_the_same(
    api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> bool:
        raise StoreUnavailable

    monkeypatch.setattr(KeyedRequests, "finish", away)
    with capture_logs() as lines:
        assert (await post(api, "k1")).status_code == 201
    assert "idempotency-answer-not-kept" in {line["event"] for line in lines}


@on_sqlite
@pytest.mark.parametrize("key", ["", " ", "x" * 256, "ü", "a\x01b", "a\tb"])
async def test_a_key_that_is_none_is_named(api: ApiUnderTest, key: str) -> None:
    answer = await api.client.post(URL, json=BODY, headers={b"Idempotency-Key": key.encode("latin-1")})
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    (told,) = answer.json()["errors"]["Idempotency-Key"]
    assert "1 to 255 printable" in told
    assert count(api, Trunk) == 0


@on_sqlite
async def test_two_keys_are_no_key(api: ApiUnderTest) -> None:
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    answer = await api.client.post(URL, json=BODY, headers=headers)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["Idempotency-Key"])


@on_sqlite
@pytest.mark.parametrize("key", ["x", "x" * 255, "a b", "!~"])
async def test_a_key_may_be_any_printable_text(api: ApiUnderTest, key: str) -> None:
    first = await post(api, key)
    assert (await post(api, key)).content == first.content


async def test_no_password_and_no_key_is_stored(api: ApiUnderTest) -> None:
    await post(api, "my-own-key-0001")
    with api.store.installation.database.read() as session:
        rows = repr(session.execute(text("SELECT * FROM idempotent_requests")).all())
    assert PASSWORD not in rows
    assert "my-own-key-0001" not in rows
    assert "Primary Carrier" not in rows
