"""Answers under an Idempotency-Key that show something once: given again, and nowhere in the store to be read."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import LargeBinary, cast, select, text, update

from tests.api.client import BODY, ApiUnderTest
from tests.api.test_evidence import URL, run_with
from tests.trunks.forms import make_report
from trunks.installation.settings import Settings
from trunks.models.base import Base
from trunks.models.idempotent_request import IdempotentRequest
from trunks.models.webhook import WebhookEndpoint

ENDPOINTS = "/api/v1/webhook-endpoints"
ENDPOINT = {"url": "https://example.com/hooks"}
AUTOCALLS = {
    "sip_trunk_type": "extension",
    "phone_number": "1001",
    "sip_username": "alice",
    "sip_password": "secret",
    "sip_address": "sip.carrier.example",
    "sip_calling_format": "e164",
    "inbound_authorization_type": "auth",
    "country_code": "US",
}
BOLNA = {
    "name": "b",
    "provider": "carrier-x",
    "auth_type": "ip-based",
    "gateways": [{"gateway_address": "sip.carrier.example"}],
    "ip_identifiers": [{"ip_address": "203.0.113.7/32"}],
}


@pytest.fixture
def store_settings_of_api(store_settings: Settings) -> Settings:
    return store_settings.model_copy(update={"public_url": "https://sip.platform.example"})


async def post(api: ApiUnderTest, url: str, body: dict[str, Any] | None = None) -> httpx.Response:
    return await api.client.post(url, json=body, headers={"Idempotency-Key": "k1"})


def everything_stored(api: ApiUnderTest) -> Iterator[bytes]:
    """All rows as text, bytes among them by what they are; and where the store is a file, that and its neighbours."""
    database = api.store.installation.database
    with database.read() as session:
        for table in Base.metadata.sorted_tables:
            columns = [
                cast(column, LargeBinary) if database.is_sqlite else column for column in table.columns
            ]
            for row in session.execute(select(*columns)):
                yield b" ".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
    if database.file is not None:
        for file in database.file.parent.iterdir():
            yield file.read_bytes()


async def test_what_is_shown_once_is_given_again_and_stands_nowhere_in_clear(api: ApiUnderTest) -> None:
    trunk_id, run_id = await run_with(api, make_report())
    share = f"{URL}/{trunk_id}/verifications/{run_id}/share"
    made = (await post(api, ENDPOINTS, ENDPOINT)).json()["data"]
    rotate = f"{ENDPOINTS}/{made['id']}/rotate"
    first = {rotate: (await post(api, rotate)).content, share: (await post(api, share)).content}
    for url, content in first.items():
        again = await post(api, url)
        assert (again.content, again.headers["Idempotent-Replayed"]) == (content, "true")
        assert again.headers["Cache-Control"] == "no-store"
    link = (await post(api, share)).json()["data"]["url"]
    rotated = (await post(api, rotate)).json()["data"]["secret"]
    shown_once = [
        link.rpartition("/")[2],
        rotated.removeprefix("whsec_"),
        made["secret"].removeprefix("whsec_"),
    ]
    stored = list(everything_stored(api))
    assert any(ENDPOINT["url"].encode() in each for each in stored)
    for secret in shown_once:
        assert len(secret) >= 32
        assert not any(secret.encode() in each for each in stored)


async def test_a_secret_is_rotated_once_under_a_key(api: ApiUnderTest) -> None:
    """A second turn would end the first secret, which signs beside the new one for a day."""
    made = (await post(api, ENDPOINTS, ENDPOINT)).json()["data"]
    rotate = f"{ENDPOINTS}/{made['id']}/rotate"
    secrets = {(await post(api, rotate)).json()["data"]["secret"] for _ in range(3)}
    assert len(secrets) == 1
    with api.store.installation.database.read() as session:
        (endpoint,) = session.scalars(select(WebhookEndpoint)).all()
        assert endpoint.former_sealed_secret is not None
        opened = api.store.installation.secrets.open(endpoint.former_sealed_secret, endpoint.id)
    assert opened == made["secret"]


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("url", "body"),
    [
        (URL, BODY),
        ("/api/user/phone-numbers/sip-trunks", AUTOCALLS),
        ("/sip-trunks/trunks", BOLNA),
        (URL, {}),
    ],
    ids=["talkover", "autocalls", "bolna", "refused"],
)
async def test_no_answer_is_kept_in_clear(api: ApiUnderTest, url: str, body: dict[str, Any]) -> None:
    first, again = [await post(api, url, body) for _ in range(2)]
    assert (first.content, again.headers["Idempotent-Replayed"]) == (again.content, "true")
    assert not any(first.content in each for each in everything_stored(api))


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
async def test_an_answer_opens_under_its_own_request_alone(api: ApiUnderTest) -> None:
    await post(api, URL, BODY)
    other = await api.client.post(URL, json=BODY | {"name": "b"}, headers={"Idempotency-Key": "k2"})
    assert other.status_code == 201
    with api.store.installation.database.write() as session:
        one, two = session.scalars(select(IdempotentRequest).order_by(IdempotentRequest.id)).all()
        session.execute(
            update(IdempotentRequest)
            .where(IdempotentRequest.id == two.id)
            .values(sealed_body=one.sealed_body)
        )
    moved = await api.client.post(URL, json=BODY | {"name": "b"}, headers={"Idempotency-Key": "k2"})
    assert (moved.status_code, moved.json()["code"]) == (500, "INTERNAL_ERROR")


async def test_what_a_former_version_kept_is_given_still(api: ApiUnderTest) -> None:
    await post(api, URL, BODY)
    with api.store.installation.database.write() as session:
        session.execute(update(IdempotentRequest).values(sealed_body=None, body=b'{"success":true}'))
        assert session.scalar(text("SELECT count(*) FROM idempotent_requests")) == 1
    again = await post(api, URL, BODY)
    assert (again.status_code, again.json()) == (201, {"success": True})
