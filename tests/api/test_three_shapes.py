"""Each dialect answers everything below its first segments, in its own shape: the statuses that have no route."""

from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.api.client import ApiUnderTest
from trunks.catalog.trunks import TrunkCatalog
from trunks.catalog.views import TrunkViews
from trunks.errors import StoreUnavailable

JSON = {"Content-Type": "application/json"}
TOO_LARGE = b" " * (1024 * 1024 + 1)

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)


@dataclass(frozen=True)
class Spoken:
    """A dialect: an address of its own that takes POST, others that are nothing, and the fields of its errors."""

    collection: str
    unmatched: tuple[str, ...]
    shape: list[str]
    invalid_shape: list[str]
    invalid: int = 422


TALKOVER = Spoken(
    "/api/v1/sip-trunks",
    ("/api/v1", "/api/v1/", "/api/v1/trunks", "/api/v1/sip-trunks/a/b/c"),
    ["success", "message", "code"],
    invalid_shape=["success", "message", "code", "errors"],
)
AUTOCALLS = Spoken(
    "/api/user/phone-numbers/sip-trunks",
    (
        "/api/user",
        "/api/user/",
        "/api/user/assistants/get",
        "/api/user/phone-numbers",
        "/api/user/phone-numberss",
    ),
    ["error"],
    invalid_shape=["message", "errors"],
)
BOLNA = Spoken(
    "/sip-trunks/trunks",
    (
        "/sip-trunks",
        "/sip-trunks/",
        "/sip-trunks/gateways",
        "/sip-trunks/trunkss",
        "/sip-trunks/trunks/a/b/c",
    ),
    ["error", "message"],
    invalid=400,
    invalid_shape=["error", "message", "errors"],
)
DIALECTS = [pytest.param(each, id=each.collection.split("/")[-2]) for each in (TALKOVER, AUTOCALLS, BOLNA)]


@dataclass(frozen=True)
class Sent:
    status: int
    method: str = "POST"
    content: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=lambda: JSON)


AT_THE_COLLECTION = [
    Sent(400, content=b"{"),
    Sent(401, headers={"Authorization": ""}),
    Sent(405, "PUT"),
    Sent(413, content=TOO_LARGE),
    Sent(415, headers={"Content-Type": "text/plain"}),
    Sent(415, headers={**JSON, "Content-Encoding": "gzip"}),
    Sent(415, headers={**JSON, "Content-Encoding": "br"}),
]
AT_NOTHING = [
    Sent(404, "GET", b"", {}),
    Sent(404),
    Sent(401, "GET", b"", {"Authorization": "Bearer x"}),
    Sent(413, content=TOO_LARGE),
    Sent(415, headers={"Content-Type": "text/plain"}),
]


@pytest.mark.parametrize("spoken", DIALECTS)
async def test_each_status_has_the_dialects_shape(api: ApiUnderTest, spoken: Spoken) -> None:
    places = [(spoken.collection, sent) for sent in AT_THE_COLLECTION]
    places += [(path, sent) for path in spoken.unmatched for sent in AT_NOTHING]
    for path, sent in places:
        answer = await api.client.request(sent.method, path, content=sent.content, headers=sent.headers)
        assert (answer.status_code, list(answer.json())) == (sent.status, spoken.shape), (path, sent)
        _tells_the_status(answer)


@pytest.mark.parametrize("spoken", DIALECTS)
async def test_wrong_fields_do(api: ApiUnderTest, spoken: Spoken) -> None:
    answer = await api.client.post(spoken.collection, json={})
    assert (answer.status_code, list(answer.json())) == (spoken.invalid, spoken.invalid_shape)


@pytest.mark.parametrize("spoken", DIALECTS)
@pytest.mark.parametrize(("error", "status"), [(ZeroDivisionError(), 500), (StoreUnavailable(), 503)])
async def test_what_breaks_does(
    api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch, spoken: Spoken, error: Exception, status: int
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(TrunkViews, "page", broken)
    monkeypatch.setattr(TrunkCatalog, "create", broken)
    answer = await api.client.get(spoken.collection)
    assert (answer.status_code, list(answer.json())) == (status, spoken.shape)
    _tells_the_status(answer)


@pytest.mark.parametrize("spoken", DIALECTS)
async def test_a_compressed_body_is_told_what_it_is(api: ApiUnderTest, spoken: Spoken) -> None:
    headers = {**JSON, "Content-Encoding": "gzip"}
    answer = await api.client.post(spoken.collection, content=b"\x1f\x8b", headers=headers)
    assert (answer.status_code, answer.headers["Accept-Encoding"]) == (415, "identity")
    assert "without Content-Encoding" in answer.text
    plain = await api.client.post(
        spoken.collection, content=b"{}", headers={**JSON, "Content-Encoding": "identity"}
    )
    assert plain.status_code == spoken.invalid


def _tells_the_status(answer: httpx.Response) -> None:
    told: Any = answer.json().get("error")
    assert not isinstance(told, int) or told == answer.status_code
