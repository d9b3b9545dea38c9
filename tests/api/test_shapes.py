"""Every status in the shape of the dialect that was spoken."""

from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import structlog
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from structlog.testing import capture_logs

from api import dialects
from api.dialect import Dialect
from api.problems import Problem
from api.talkover import faults
from tests.api.client import BODY, ApiUnderTest
from tests.peers.postgres_server import PostgresServer
from trunks.catalog.trunks import TrunkCatalog
from trunks.errors import StoreUnavailable, TrunkNotFound
from trunks.rules.whole_trunk import TrunkContradictory

URL = "/api/v1/sip-trunks"
JSON = {"Content-Type": "application/json"}

on_sqlite = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)


@dataclass(frozen=True)
class Sent:
    method: str
    path: str
    status: int
    code: str
    content: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


SENT = [
    Sent("GET", "/api/v1/nowhere", 404, "NOT_FOUND"),
    Sent("PATCH", URL, 405, "METHOD_NOT_ALLOWED"),
    Sent("POST", URL, 400, "INVALID_JSON", b"{", JSON),
    Sent("POST", URL, 413, "BODY_TOO_LARGE", b" " * (1024 * 1024 + 1), JSON),
    Sent("POST", URL, 415, "UNSUPPORTED_MEDIA_TYPE", b"a=b"),
    Sent("POST", URL, 422, "VALIDATION_ERROR", b"{}", JSON),
    Sent("POST", URL, 422, "VALIDATION_ERROR", b"{}", {**JSON, "Idempotency-Key": "x" * 256}),
    Sent("POST", URL, 401, "UNAUTHENTICATED", b"{}", {**JSON, "Authorization": "Bearer x"}),
]


@on_sqlite
@pytest.mark.parametrize("sent", SENT, ids=lambda sent: f"{sent.status}")
async def test_talkover_refuses_in_its_shape(client: httpx.AsyncClient, sent: Sent) -> None:
    answer = await client.request(sent.method, sent.path, content=sent.content, headers=sent.headers)
    body = answer.json()
    assert (answer.status_code, body["code"], body["success"]) == (sent.status, sent.code, False)
    assert isinstance(body["message"], str)
    assert set(body) == {"success", "message", "code"} | ({"errors"} if sent.status == 422 else set())


class Said(BaseModel):
    error: int
    message: str


class AnotherSaysNo:
    """Faults as another vendor may have them."""

    def shape(self, problem: Problem) -> dict[str, Any]:
        return {"error": int(problem.status), "message": problem.message}

    REFUSALS = faults.REFUSALS

    def invalid(self, error: RequestValidationError) -> Problem:
        return Problem(400, "INVALID", "Wrong.")

    def contradictory(self, error: TrunkContradictory) -> Problem:
        return Problem(400, "INVALID", "Wrong.")

    def fault_model(self, status: int) -> type[BaseModel]:
        return Said


class Thing(BaseModel):
    name: str


@pytest.fixture
def another(api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch) -> ApiUnderTest:
    """Speak another dialect, with a route that breaks as it is told."""
    faults_by_name = {
        "bug": ZeroDivisionError("hunter2"),
        "away": StoreUnavailable(),
        "gone": TrunkNotFound(),
    }

    async def make(thing: Thing) -> None:
        raise faults_by_name[thing.name]

    monkeypatch.setattr(
        dialects, "DIALECTS", (*dialects.DIALECTS, Dialect("another", "/another/things", AnotherSaysNo()))
    )
    api.app.add_api_route("/another/things", make, methods=["POST"])
    return api


ANOTHER = [
    Sent("GET", "/another/things/nowhere", 404, ""),
    Sent("PUT", "/another/things", 405, ""),
    Sent("POST", "/another/things", 400, "", b"{}", JSON),
    Sent("POST", "/another/things", 415, "", b"{}"),
    Sent("POST", "/another/things", 413, "", b" " * (1024 * 1024 + 1), JSON),
    Sent("POST", "/another/things", 404, "", b'{"name": "gone"}', JSON),
    Sent("POST", "/another/things", 500, "", b'{"name": "bug"}', JSON),
    Sent("POST", "/another/things", 503, "", b'{"name": "away"}', JSON),
    Sent("POST", "/another/things", 422, "", b"{}", {**JSON, "Idempotency-Key": "é"}),
    Sent("POST", "/another/things", 401, "", b"{}", {**JSON, "Authorization": "Bearer x"}),
    Sent("GET", "/another/things", 401, "", b"", {"Authorization": "Bearer x"}),
]


@on_sqlite
@pytest.mark.parametrize("sent", ANOTHER, ids=lambda sent: f"{sent.method} {sent.status}")
async def test_another_dialect_is_one_value(another: ApiUnderTest, sent: Sent) -> None:
    headers = {name.encode(): value.encode("latin-1") for name, value in sent.headers.items()}
    answer = await another.client.request(sent.method, sent.path, content=sent.content, headers=headers)
    body = answer.json()
    assert (answer.status_code, body["error"]) == (sent.status, sent.status)
    assert set(body) == {"error", "message"}


@on_sqlite
@pytest.mark.parametrize("path", ["/another/thingsome", "/another", "/", "/api/v10/x", "/nowhere"])
async def test_beside_the_dialects_it_is_the_native_one(another: ApiUnderTest, path: str) -> None:
    answer = await another.client.get(path, headers={"Authorization": ""})
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


@on_sqlite
async def test_a_bug_is_logged_without_what_was_sent(
    api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        try:
            raise KeyError("hunter2")
        except KeyError as error:
            raise ZeroDivisionError(BODY["password"]) from error

    monkeypatch.setattr(TrunkCatalog, "create", broken)
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        answer = await api.client.post(URL, json=BODY, headers={"X-Request-ID": "mine-1"})
    (broke,) = [line for line in lines if line["event"] == "request-broke"]
    assert broke["request_id"] == answer.headers["X-Request-ID"] == "mine-1"
    assert broke["log_level"] == "error"
    trace = broke["trace"]
    assert trace.index("builtins.KeyError") < trace.index("builtins.ZeroDivisionError")
    assert "in broken" in trace
    assert "hunter2" not in str(lines).replace('raise KeyError("hunter2")', "")
    assert BODY["password"] not in str(lines)


@pytest.mark.parametrize("store_settings", ["postgresql"], indirect=True)
async def test_a_store_that_is_away_is_said_in_its_shape(
    another: ApiUnderTest, postgres_server: PostgresServer
) -> None:
    postgres_server.kill()
    answer = await another.client.post("/another/things", json={"name": "gone"})
    assert (answer.status_code, answer.json()["error"]) == (503, 503)
    assert answer.headers["Retry-After"] == "5"
