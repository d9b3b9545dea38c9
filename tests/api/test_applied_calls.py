"""What a test call found becomes the trunk's, whichever dialect it was made in, and each shows it; and each can set it
back.
"""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from sipcheck.engine import Engine
from tests.api.client import BODY, ApiUnderTest
from tests.api.test_one_rule import AUTOCALLS, BOLNA, EXTENSION, TALKOVER, USERPASS
from tests.observed import until
from tests.peers.udp_peer import UdpPeer
from tests.worker.test_applied_calls import DID, TO, WantsItsOwnWay
from tests.worker.test_killed_calls import maker_of
from trunks.installation.settings import Settings
from worker.runs.call_desk import CallDesk

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

# autocalls takes a host without a port.
HOST, PORT = "127.19.19.19", 5060
LINE = {"sip_trunk_type": "number", "phone_number": DID, "country_code": "DE", "sip_username": "alice"}
CREATED: dict[str, dict[str, Any]] = {
    TALKOVER: BODY | {"domain": HOST, "port": PORT, "transport": "udp", "username": "alice"},
    AUTOCALLS: EXTENSION | LINE | {"sip_address": HOST},
    BOLNA: USERPASS
    | {"auth_username": "alice", "gateways": [{"gateway_address": HOST, "port": PORT}]}
    | {"phone_numbers": [{"phone_number": DID}]},
}
PLAIN: dict[str, dict[str, Any]] = {
    TALKOVER: {"caller_identity": "number"},
    AUTOCALLS: {"caller_identity": "number", "sip_calling_format": "+e164"},
    BOLNA: {"caller_identity": "number", "outbound_leading_plus_enabled": True},
}
TAKEN: dict[str, dict[str, Any]] = {
    TALKOVER: {"caller_identity": "username"},
    AUTOCALLS: {"caller_identity": "username", "sip_calling_format": "e164"},
    BOLNA: {"caller_identity": "username", "outbound_leading_plus_enabled": False},
}


@pytest.fixture
def store_settings_of_api(store_settings: Settings) -> Settings:
    given = {"allow_networks": "127.0.0.0/8", "verify_wait_seconds": 0.0, "address_rate": 0.0, "knocks": "0"}
    return Settings(**(store_settings.model_dump() | given))


async def make(api: ApiUnderTest, dialect: str, **given: Any) -> dict[str, str]:
    """Make a trunk that calls as its number, and give its URL in each dialect."""
    tenants = api.store.installation.tenancy.tenants
    tenants.change_calls(api.store.tenant, allow_test_calls=True, call_countries=["DE"])
    made = await api.client.post(dialect, json=CREATED[dialect] | given)
    assert made.status_code == 201, made.text
    trunk_id, serial = [
        (await api.client.get(each)).json()["data"][0]["id"] for each in (TALKOVER, AUTOCALLS)
    ]
    if dialect == TALKOVER:
        number = {"country_code": "DE", "number": DID}
        assert (await api.client.post(f"{TALKOVER}/{trunk_id}/dids", json=number)).status_code == 201
    return {each: f"{each}/{serial if each == AUTOCALLS else trunk_id}" for each in CREATED}


async def shown(client: httpx.AsyncClient, urls: dict[str, str]) -> dict[str, dict[str, Any]]:
    found = {}
    for dialect, url in urls.items():
        answer = (await client.get(url)).json()
        trunk = answer.get("data", answer)
        found[dialect] = {name: trunk[name] for name in PLAIN[dialect]}
    return found


async def call(api: ApiUnderTest, url: str, **asked: Any) -> dict[str, Any]:
    """Ask for a call, and let a worker make it."""
    placed = await api.client.post(f"{url}/test-call", json={"to": TO, "ring_seconds": 1} | asked)
    assert placed.status_code == 202, placed.text
    where = f"{url}/test-calls/{placed.json()['data']['call_id']}"
    installation = api.store.installation
    async with Engine(installation.settings.engine_settings()) as engine:
        desk = asyncio.create_task(CallDesk(installation.runs.call_claims, maker_of(api.store)).run(engine))
        await until(lambda: installation.runs.calls.done_among({_id(where)}) == {_id(where)})
        desk.cancel()
        await asyncio.gather(desk, return_exceptions=True)
    found: dict[str, Any] = (await api.client.get(where)).json()["data"]
    return found


@pytest.mark.parametrize("dialect", CREATED)
async def test_what_was_taken_is_shown_in_every_dialect(dialect: str, api: ApiUnderTest) -> None:
    script = WantsItsOwnWay()
    with UdpPeer(script, address=HOST, port=PORT):
        urls = await make(api, dialect)
        assert await shown(api.client, urls) == PLAIN
        found = await call(api, urls[TALKOVER], format="auto", identity="auto", apply=True)
        assert (found["outcome"], found["report"]["format"], found["report"]["identity"]) == (
            "rang",
            "e164",
            "username",
        )
        assert await shown(api.client, urls) == TAKEN
        # A call that names neither is written so from then on.
        before = len(script.requests)
        assert (await call(api, urls[TALKOVER]))["outcome"] == "rang"
        invites = [each for each in script.requests[before:] if each.startswith(b"INVITE")]
        assert all(each.startswith(f"INVITE sip:{TO[1:]}@{HOST}".encode()) for each in invites)
        assert all(f"P-Preferred-Identity: <sip:{DID}@{HOST}>".encode() in each for each in invites)
    assert len(invites) == 2
    # And each dialect sets it back, which makes nothing void.
    for url in urls.values():
        for identity in ("number", "username"):
            method = "PATCH" if url == urls[BOLNA] else "PUT"
            answer = await api.client.request(method, url, json={"caller_identity": identity})
            assert answer.status_code == 200, answer.text
            now = await shown(api.client, urls)
            assert {each["caller_identity"] for each in now.values()} == {identity}
    assert api.store.trunk(_id(urls[TALKOVER])).generation == 1


@pytest.mark.parametrize("dialect", CREATED)
async def test_a_trunk_may_be_made_so(dialect: str, api: ApiUnderTest) -> None:
    urls = await make(api, dialect, caller_identity="username")
    now = await shown(api.client, urls)
    assert {each["caller_identity"] for each in now.values()} == {"username"}


def _id(url: str) -> UUID:
    return UUID(url.rpartition("/")[2])
