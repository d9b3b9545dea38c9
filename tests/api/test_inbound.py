"""Which trunk takes a call, asked over HTTP: about one's own numbers and trunks, over what stands on LiveKit."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.client import ApiUnderTest
from tests.peers.livekit.server import LiveKitServer
from tests.trunks.forms import Store
from tests.trunks.livekit_forms import with_livekit
from tests.trunks.provisions.installed import NUMBER, Installed
from trunks.installation.settings import Settings
from trunks.models.trunk import Trunk
from trunks.rules.profile import InboundAuthorization, TrunkProfile

EXPLAIN = "/api/v1/inbound/explain"
CARRIER, STRANGER = "203.0.113.7", "198.51.100.66"
BY_IP = TrunkProfile(authorization=InboundAuthorization.IP, allowed_addresses=("203.0.113.0/24",))


@pytest.fixture
def livekit_server() -> Iterator[LiveKitServer]:
    with LiveKitServer() as server:
        yield server


@pytest.fixture
def store_settings_of_api(store_settings: Settings, livekit_server: LiveKitServer) -> Settings:
    return with_livekit(store_settings, livekit_server)


@pytest.fixture
def installed(api: ApiUnderTest, livekit_server: LiveKitServer) -> Installed:
    return Installed(api.store, livekit_server)


async def standing(installed: Installed, number: str = NUMBER, **given: Any) -> tuple[Trunk, str]:
    """Make a trunk that stands there, with a rule for its calls."""
    trunk = installed.make_trunk(number, **{"profile": BY_IP, **given})
    inbound = (await installed.work(trunk)).inbound
    assert inbound is not None
    installed.server.add_dispatch_rule(inbound)
    return trunk, inbound


async def told(api: ApiUnderTest, **asked: Any) -> dict[str, Any]:
    answer = await api.client.post(EXPLAIN, json={"source_ip": CARRIER} | asked)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def reasons(data: dict[str, Any]) -> list[tuple[str | None, str]]:
    return [(each["trunk_id"], each["reason"]) for each in data["reasons"]]


async def test_a_call_is_explained_by_what_stands(api: ApiUnderTest, installed: Installed) -> None:
    trunk, _ = await standing(installed)
    own = str(trunk.id)
    assert await told(api, to=NUMBER) == {"matched": own, "by": "number", "reasons": []}
    for asked, expected in (
        ({"to": "0014155551234"}, "called-number-differs"),
        ({"to": "4155551234"}, "called-number-differs"),
        ({"to": "alice", "request_uri_user": NUMBER}, "number-in-request-uri-only"),
        ({"to": NUMBER, "source_ip": STRANGER}, "source-not-allowed"),
    ):
        data = await told(api, **asked)
        assert data["matched"] is None
        assert reasons(data) == [(own, expected)]
        assert data["reasons"][0]["change"]
    invite = f"INVITE sip:{NUMBER}@p SIP/2.0\nFrom: <sip:1@h>\nTo: <sip:alice@p>\n"
    assert reasons(await told(api, invite=invite)) == [(own, "number-in-request-uri-only")]
    installed.server.dispatch_rules.clear()
    assert reasons(await told(api, to=NUMBER)) == [(own, "no-dispatch-rule")]
    installed.server.inbound.clear()
    assert reasons(await told(api, to=NUMBER)) == [(own, "not-provisioned")]


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
async def test_nothing_of_another_environment_is_told(api: ApiUnderTest, installed: Installed) -> None:
    trunk, own_side = await standing(installed)
    store = api.store
    others = Installed(Store(store.installation, store.clock, tenant="globex"), installed.server)
    other, other_side = await standing(others, "+442071234567", domain="sip.globex.example")
    asked = [
        {"to": "+442071234567"},
        {"to": "00442071234567"},
        {"to": "nobody", "request_uri_user": "+442071234567"},
        {"to": "4567"},
        {"to": ""},
    ]
    for each in asked:
        answer = await api.client.post(EXPLAIN, json={"source_ip": CARRIER} | each)
        assert (answer.status_code, answer.json()["code"]) == (404, "NUMBER_NOT_FOUND")
    # A number of both, as a former version let them have it, and one that looks like the tenant's own.
    installed.server.inbound[other_side].numbers[:] = [NUMBER, "+4155551234"]
    conflict = await told(api, to=NUMBER)
    assert reasons(conflict) == [(str(trunk.id), "conflict")]
    installed.server.inbound[own_side].numbers[:] = []
    installed.server.inbound[own_side].numbers.append("+19995550000")
    assert reasons(await told(api, to=NUMBER))[0] == (None, "another-trunk")
    # Whether others have a number is told of one's own numbers alone.
    looks_like = await told(api, to="4155551234")
    del installed.server.inbound[other_side]
    assert await told(api, to="4155551234") == looks_like
    texts = str([conflict, looks_like])
    for foreign in (str(other.id), own_side, other_side, "globex"):
        assert foreign not in texts


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
async def test_a_trunk_that_takes_no_calls_says_why(api: ApiUnderTest, installed: Installed) -> None:
    trunk, _ = await standing(installed)
    store = api.store
    for number, given, word in (
        ("+14155550001", {"wanted": False}, "switched off"),
        ("+14155550002", {"profile": TrunkProfile(inbound_enabled=False), "wanted": True}, "inbound_enabled"),
    ):
        made = store.make_trunk(name=number, **given)
        await api.client.post(
            f"/api/v1/sip-trunks/{made.id}/dids", json={"country_code": "US", "number": number}
        )
        data = await told(api, to=number)
        assert reasons(data) == [(str(made.id), "not-provisioned")]
        assert word in data["reasons"][0]["sentence"]
    # A rule without trunks takes what none has.
    installed.server.add_dispatch_rule()
    data = await told(api, to="0014155551234")
    assert (data["matched"], data["by"]) == (None, "wildcard-rule")
    assert reasons(data) == [(None, "wildcard-rule"), (str(trunk.id), "called-number-differs")]


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"to": NUMBER}, "source_ip"),
        ({"to": NUMBER, "source_ip": "203.0.113.7:5060"}, "source_ip"),
        ({"source_ip": CARRIER}, "to"),
        ({"source_ip": CARRIER, "invite": "hello"}, "invite"),
        ({"source_ip": CARRIER, "to": "1" * 256}, "to"),
        ({"source_ip": CARRIER, "to": 5}, "to"),
    ],
)
async def test_what_cannot_be_asked_is_named(api: ApiUnderTest, asked: dict[str, Any], field: str) -> None:
    answer = await api.client.post(EXPLAIN, json=asked)
    assert answer.status_code == 422, answer.text
    assert list(answer.json()["errors"]) == [field]


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
async def test_an_environment_asks_thirty_times_a_minute_whatever_its_tokens(
    api: ApiUnderTest, installed: Installed
) -> None:
    another = api.store.installation.tenancy.tenants.create_token(api.store.tenant)
    body = {"source_ip": CARRIER, "to": "+442071234567"}
    for _ in range(30):
        assert (await api.client.post(EXPLAIN, json=body)).status_code == 404
    answer = await api.client.post(EXPLAIN, json=body, headers={"Authorization": f"Bearer {another}"})
    assert (answer.status_code, answer.json()["code"]) == (429, "RATE_LIMITED")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert (await api.client.get("/api/v1/sip-trunks")).status_code == 200


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
async def test_an_infrastructure_that_is_away_is_said(api: ApiUnderTest, installed: Installed) -> None:
    await standing(installed)
    installed.server.stop()
    answer = await api.client.post(EXPLAIN, json={"source_ip": CARRIER, "to": NUMBER})
    assert (answer.status_code, answer.json()["code"]) == (503, "INFRASTRUCTURE_UNAVAILABLE")
    assert answer.headers["Retry-After"] == "5"
    assert installed.server.url not in answer.text
