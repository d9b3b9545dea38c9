"""Webhook endpoints over HTTP: made, shown, changed, tried, and nobody else's."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import update

from tests.api.client import ApiUnderTest
from trunks.installation.settings import Settings
from trunks.models.webhook import WebhookDelivery, WebhookEndpoint
from trunks.rules.delivery import DeliveryStatus
from trunks.rules.events import USUAL_EVENTS

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)


@pytest.fixture
def store_settings_of_api(store_settings: Settings) -> Settings:
    """Allow no network: nothing is sent in the clear."""
    return store_settings.model_copy(update={"allow_networks": ()})


URL = "/api/v1/webhook-endpoints"
BODY = {"url": "https://example.com/hooks"}


async def make(api: ApiUnderTest, **body: Any) -> dict[str, Any]:
    answer = await api.client.post(URL, json=BODY | body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    data: dict[str, Any] = answer.json()["data"]
    return data


async def test_the_way_of_an_endpoint(api: ApiUnderTest) -> None:
    made = await make(api, events=["trunk.down"], description="On call")
    assert made["secret"].startswith("whsec_")
    one = f"{URL}/{made['id']}"
    shown = (await api.client.get(one)).json()["data"]
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert (shown["events"], shown["enabled"], shown["disabled_reason"]) == (["trunk.down"], True, None)
    assert (await api.client.get(URL)).json()["data"] == [shown]
    changed = await api.client.patch(one, json={"events": None, "enabled": False})
    assert changed.json()["data"]["events"] == [event.value for event in USUAL_EVENTS]
    assert (await api.client.post(f"{one}/test")).json()["code"] == "WEBHOOK_ENDPOINT_DISABLED"
    await api.client.patch(one, json={"enabled": True})
    rotated = (await api.client.post(f"{one}/rotate")).json()["data"]
    assert rotated["secret"] != made["secret"]
    queued = await api.client.post(f"{one}/test")
    assert queued.status_code == 202
    (delivery,) = (await api.client.get(f"{one}/deliveries")).json()["data"]
    assert (delivery["type"], delivery["status"], delivery["tries"]) == ("webhook.test", "waiting", 0)
    assert delivery["message_id"] == queued.json()["data"]["id"]
    assert (await api.client.post(f"{one}/deliveries/{delivery['id']}/replay")).status_code == 202
    assert (await api.client.delete(one)).json() == {"success": True, "message": "Webhook endpoint deleted"}
    assert (await api.client.get(one)).json()["code"] == "WEBHOOK_ENDPOINT_NOT_FOUND"


async def test_a_secret_stands_nowhere_in_clear(api: ApiUnderTest) -> None:
    headers = {"Idempotency-Key": "k"}
    first = await api.client.post(URL, json=BODY, headers=headers)
    # The answer is not kept; what was made is found by its id.
    again = await api.client.post(URL, json=BODY, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    secret = first.json()["data"]["secret"].removeprefix("whsec_").encode()
    database = api.store.installation.database
    assert database.file is not None
    with database.read() as session:
        assert len(session.query(WebhookEndpoint).all()) == 1
    for file in database.file.parent.iterdir():
        assert secret not in file.read_bytes(), file


async def test_ten_test_messages_wait_and_no_more(api: ApiUnderTest) -> None:
    """An endpoint that answers nothing would else have each worker look through what one tenant keeps asking for."""
    one, another = [f"{URL}/{(await make(api))['id']}" for _ in range(2)]
    for _ in range(10):
        assert (await api.client.post(f"{one}/test")).status_code == 202
    refused = await api.client.post(f"{one}/test")
    assert (refused.status_code, refused.json()["code"]) == (409, "WEBHOOK_TEST_LIMIT")
    assert "10 test messages wait for this endpoint" in refused.json()["message"]
    assert (await api.client.post(f"{another}/test")).status_code == 202
    listed = (await api.client.get(f"{one}/deliveries")).json()["data"]
    assert len(listed) == 10
    with api.store.installation.database.write() as session:
        session.execute(update(WebhookDelivery).values(status=DeliveryStatus.DELIVERED))
    assert (await api.client.post(f"{one}/test")).status_code == 202


async def test_an_environment_has_ten_and_sees_no_others(api: ApiUnderTest) -> None:
    made = [await make(api) for _ in range(10)]
    answer = await api.client.post(URL, json=BODY)
    assert (answer.status_code, answer.json()["code"]) == (409, "WEBHOOK_ENDPOINT_LIMIT")
    tenants = api.store.installation.tenancy.tenants
    tenants.create_environment("other")
    other = {"Authorization": f"Bearer {tenants.create_token('other')}"}
    one = f"{URL}/{made[0]['id']}"
    assert (await api.client.get(URL, headers=other)).json()["data"] == []
    for method, url in (
        ("GET", one),
        ("PATCH", one),
        ("DELETE", one),
        ("POST", f"{one}/rotate"),
        ("POST", f"{one}/test"),
        ("GET", f"{one}/deliveries"),
        ("POST", f"{one}/deliveries/{uuid4()}/replay"),
    ):
        body: dict[str, Any] | None = {} if method == "PATCH" else None
        answer = await api.client.request(method, url, headers=other, json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "WEBHOOK_ENDPOINT_NOT_FOUND"), url
    missing = await api.client.post(f"{one}/deliveries/{uuid4()}/replay")
    assert missing.json()["code"] == "DELIVERY_NOT_FOUND"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": "http://example.com/"}, "url"),
        ({"url": "ftp://example.com/"}, "url"),
        ({"url": "https:///hooks"}, "url"),
        ({"url": "https://user:secret@example.com/"}, "url"),
        ({"url": "https://example.com/#a"}, "url"),
        ({"url": "https://example.com:99999/"}, "url"),
        ({"url": "https://example.com:6379/"}, "url"),
        ({"url": "https://exämple.com/"}, "url"),
        ({"url": "https://exa mple.com/"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "url"),
        ({"url": "https://169.254.169.254/latest"}, "url"),
        ({"url": "https://example.com/" + "a" * 2048}, "url"),
        ({"url": 7}, "url"),
        ({"events": []}, "events"),
        ({"events": ["trunk.down", "trunk.up"]}, "events.1"),
        ({"enabled": "yes"}, "enabled"),
    ],
)
async def test_what_could_not_be_sent_to_is_refused(
    api: ApiUnderTest, changes: dict[str, Any], field: str
) -> None:
    answer = await api.client.post(URL, json=BODY | changes)
    assert answer.status_code == 422, answer.text
    assert list(answer.json()["errors"]) == [field]
    assert "secret" not in answer.text
