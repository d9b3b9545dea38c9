"""talkover, "Update SIP Trunk": partial, and what it makes void."""

from typing import Any
from uuid import UUID

import pytest

from sipcheck.reasons import CredentialState, Outcome, Reason
from tests.api.client import BODY, ApiUnderTest
from tests.trunks.forms import PASSWORD, make_report

URL = "/api/v1/sip-trunks"


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_an_update_answers_in_the_vendors_shape(api: ApiUnderTest, method: str) -> None:
    made = await api.create()
    api.store.clock.advance(60)
    answer = await api.client.request(method, f"{URL}/{made['id']}", json={"name": "Backup"})
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "data": {
            "id": made["id"],
            "name": "Backup",
            "is_active": False,
            "is_verified": False,
            "updated_at": "2026-03-01T12:01:00Z",
            "inbound_warnings": [],
        },
    }


async def details(api: ApiUnderTest, trunk_id: str) -> dict[str, Any]:
    data: dict[str, Any] = (await api.client.get(f"{URL}/{trunk_id}")).json()["data"]
    return data


async def active_trunk(api: ApiUnderTest) -> str:
    trunk_id: str = (await api.create(auth_realm="carrier.example", outbound_proxy="proxy.example"))["id"]
    await api.verified(trunk_id)
    answer = await api.client.put(f"{URL}/{trunk_id}", json={"is_active": True})
    assert answer.json()["data"]["is_active"] is True
    return trunk_id


@pytest.mark.parametrize(
    "change",
    [
        {"domain": "sip.other.example"},
        {"port": 5062},
        {"port": None},
        {"transport": "tcp"},
        {"outbound_proxy": "proxy2.example:5070"},
        {"outbound_proxy": None},
        {"auth_realm": "other.example"},
        {"auth_realm": None},
        {"username": "user_43"},
        {"password": "another"},
    ],
)
async def test_a_change_of_connectivity_resets_and_keeps_the_switch(
    api: ApiUnderTest, change: dict[str, Any]
) -> None:
    trunk_id = await active_trunk(api)
    answer = (await api.client.put(f"{URL}/{trunk_id}", json=change)).json()["data"]
    assert (answer["is_active"], answer["is_verified"]) == (False, False)
    data = await details(api, trunk_id)
    assert (data["health_status"], data["credentials"]) == ("unknown", "not-tested")
    assert data["last_verification"] is None
    (field, value) = next(iter(change.items()))
    if field != "password":
        assert data[field] == (5061 if change == {"port": None} else value)
    # The switch stayed on: verified again, it is active again.
    await api.verified(trunk_id)
    assert (await details(api, trunk_id))["is_active"] is True


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"name": "Other"},
        {"provider_name": "carrier-y"},
        {"domain": BODY["domain"], "port": 5061, "transport": "tls", "username": "user_42"},
        {"domain": "SIP.Carrier.Example."},
        {"password": PASSWORD},
        {"auth_realm": "carrier.example", "outbound_proxy": "proxy.example"},
        {"nickname": "is no field"},
    ],
)
async def test_any_other_edit_resets_nothing(api: ApiUnderTest, change: dict[str, Any]) -> None:
    trunk_id = await active_trunk(api)
    answer = (await api.client.put(f"{URL}/{trunk_id}", json=change)).json()["data"]
    assert (answer["is_active"], answer["is_verified"]) == (True, True)
    assert (await details(api, trunk_id))["last_verification"]["reason"] == "credentials-proven"


async def test_a_port_never_given_follows_the_transport(api: ApiUnderTest) -> None:
    made = await api.create(port=None)
    assert made["port"] == 5061
    await api.client.put(f"{URL}/{made['id']}", json={"transport": "udp"})
    assert (await details(api, made["id"]))["port"] == 5060


async def test_an_unverified_trunk_cannot_be_switched_on(api: ApiUnderTest) -> None:
    made = await api.create()
    answer = await api.client.put(f"{URL}/{made['id']}", json={"is_active": True, "name": "Not kept"})
    assert answer.status_code == 409
    assert answer.json() == {
        "success": False,
        "message": "The trunk has to be verified before it can be active.",
        "code": "TRUNK_NOT_VERIFIED",
    }
    assert (await details(api, made["id"]))["name"] == BODY["name"]


async def test_switching_on_together_with_a_move_is_refused_whole(api: ApiUnderTest) -> None:
    made = await api.create()
    await api.verified(made["id"])
    answer = await api.client.put(f"{URL}/{made['id']}", json={"is_active": True, "port": 5070})
    assert (answer.status_code, answer.json()["code"]) == (409, "TRUNK_NOT_VERIFIED")
    data = await details(api, made["id"])
    assert (data["port"], data["is_verified"]) == (5061, True)


async def test_switching_off_lasts(api: ApiUnderTest) -> None:
    trunk_id = await active_trunk(api)
    await api.client.put(f"{URL}/{trunk_id}", json={"is_active": False})
    await api.verified(trunk_id)
    data = await details(api, trunk_id)
    assert (data["is_active"], data["is_verified"]) == (False, True)


async def test_a_result_for_the_configuration_before_an_edit_changes_nothing(api: ApiUnderTest) -> None:
    made = await api.create()
    runs = api.store.installation.runs.requests
    claim = api.store.claim(runs.request(api.store.caller, UUID(made["id"])))
    assert claim is not None
    await api.client.put(f"{URL}/{made['id']}", json={"port": 5070})
    api.store.finish(claim, make_report())
    assert (await details(api, made["id"]))["is_verified"] is False


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"domain": "sip:carrier.example"}, "domain"),
        ({"domain": None}, "domain"),
        ({"transport": "ws"}, "transport"),
        ({"transport": None}, "transport"),
        ({"port": 0}, "port"),
        ({"port": "5060"}, "port"),
        ({"password": ""}, "password"),
        ({"password": None}, "password"),
        ({"is_active": "yes"}, "is_active"),
        ({"is_active": None}, "is_active"),
        ({"outbound_proxy": "a b"}, "outbound_proxy"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_changed(
    api: ApiUnderTest, body: dict[str, Any], field: str
) -> None:
    made = await api.create()
    answer = await api.client.put(f"{URL}/{made['id']}", json={"provider_name": "changed"} | body)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert list(answer.json()["errors"]) == [field]
    assert (await api.client.get(f"{URL}/{made['id']}")).json()["data"]["provider_name"] == "carrier-x"


@pytest.mark.parametrize("trunk_id", ["nonsense", "01890a5d-ac96-774b-bcce-b302099a8057"])
async def test_an_unknown_trunk_is_404(api: ApiUnderTest, trunk_id: str) -> None:
    answer = await api.client.put(f"{URL}/{trunk_id}", json={"name": "x"})
    assert (answer.status_code, answer.json()["code"]) == (404, "TRUNK_NOT_FOUND")


async def test_another_tenants_trunk_is_404(api: ApiUnderTest) -> None:
    made = await api.create()
    api.store.installation.tenancy.tenants.create_environment("other")
    headers = {"Authorization": f"Bearer {api.store.installation.tenancy.tenants.create_token('other')}"}
    for method in ("PUT", "DELETE"):
        answer = await api.client.request(
            method, f"{URL}/{made['id']}", json={"name": "mine"}, headers=headers
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "TRUNK_NOT_FOUND")
    assert (await details(api, made["id"]))["name"] == BODY["name"]


async def test_a_history_tells_what_changed_and_why(api: ApiUnderTest) -> None:
    trunk_id = await active_trunk(api)
    await api.client.put(f"{URL}/{trunk_id}", json={"port": 5070})
    rejected = make_report(Outcome.FAILED, Reason.CREDENTIALS_REJECTED, credentials=CredentialState.REJECTED)
    await api.verified(trunk_id, rejected)
    answer = await api.client.get(f"{URL}/{trunk_id}/events")
    events = answer.json()["data"]
    assert [event["cause"] for event in events] == ["verification", "edit", "customer", "verification"]
    assert events[0]["changes"] == {
        "health_status": ["unknown", "unhealthy"],
        "credentials": ["not-tested", "rejected"],
    }
    assert events[0]["verification_id"] == str(api.rung[-1])
    assert events[1]["changes"] == {
        "is_verified": [True, False],
        "health_status": ["healthy", "unknown"],
        "is_active": [True, False],
    }
    assert events[2]["changes"] == {"wanted": [False, True], "is_active": [False, True]}
    assert events[0]["at"] == "2026-03-01T12:00:00Z"
    page = (await api.client.get(f"{URL}/{trunk_id}/events?limit=3")).json()
    rest = (await api.client.get(f"{URL}/{trunk_id}/events?cursor={page['next_cursor']}")).json()
    assert [event["id"] for event in page["data"] + rest["data"]] == [event["id"] for event in events]
    assert rest["next_cursor"] is None
