"""autocalls, "Create SIP trunk" and its siblings, where nothing is provisioned (TRUNKS_PROVISIONER=none)."""

import re
from typing import Any

import httpx
import pytest

from tests.api.client import ApiUnderTest
from tests.trunks.forms import PASSWORD, make_report

URL = "/api/user/phone-numbers/sip-trunks"
EXTENSION: dict[str, Any] = {
    "sip_trunk_type": "extension",
    "phone_number": "1000",
    "nickname": "Provider X — Main",
    "sip_username": "myuser",
    "sip_password": PASSWORD,
    "sip_address": "sip.provider.com",
    "sip_calling_format": "+e164",
    "inbound_authorization_type": "auth",
    "country_code": "US",
}
NUMBER: dict[str, Any] = {
    "sip_trunk_type": "number",
    "phone_number": "+14155551234",
    "sip_username": "trunk_user",
    "sip_password": PASSWORD,
    "sip_address": "sip.provider.com",
    "sip_calling_format": "e164",
    "inbound_authorization_type": "ip",
    "allowed_inbound_ips": ["203.0.113.10", "198.51.100.20"],
    "country_code": "DE",
}


# What every answer has beside the vendor's fields.
OURS = {
    "is_active",
    "is_verified",
    "health_status",
    "last_verification",
    "proof",
    "caller_identity",
    "media_warnings",
    "inbound_warnings",
    "outbound_way",
    "callable",
    "callable_reason",
    "certificate_expires_at",
}


def of_the_vendor(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in OURS}


async def create(api: ApiUnderTest, body: dict[str, Any]) -> dict[str, Any]:
    answer = await api.client.post(URL, json=body)
    assert answer.status_code == 201, answer.text
    assert PASSWORD not in answer.text
    assert answer.json()["message"] == "SIP trunk created successfully."
    data: dict[str, Any] = answer.json()["data"]
    return data


async def get(api: ApiUnderTest, serial: int) -> dict[str, Any]:
    data: dict[str, Any] = (await api.client.get(f"{URL}/{serial}")).json()["data"]
    return data


async def test_an_extension_with_password_in_the_vendors_shape(api: ApiUnderTest) -> None:
    data = await create(api, EXTENSION)
    assert data.keys() >= OURS
    assert of_the_vendor(data) == {
        "id": data["id"],
        "phone_number": "1000",
        "nickname": "Provider X — Main",
        "sip_username": "myuser",
        "sip_address": "sip.provider.com",
        "sip_calling_format": "+e164",
        "inbound_authorization_type": "auth",
        "allowed_inbound_ips": None,
        "outbound_proxy": False,
        "country_code": "US",
        "inbound_trunk_id": None,
        "outbound_trunk_id": None,
        "created_at": "2026-03-01T12:00:00.000000Z",
        "updated_at": "2026-03-01T12:00:00.000000Z",
    }
    assert isinstance(data["id"], int)


async def test_a_number_with_an_allow_list_in_the_vendors_shape(api: ApiUnderTest) -> None:
    data = await create(api, NUMBER)
    assert (data["phone_number"], data["nickname"], data["sip_calling_format"]) == (
        "+14155551234",
        None,
        "e164",
    )
    assert data["inbound_authorization_type"] == "ip"
    assert data["allowed_inbound_ips"] == ["203.0.113.10", "198.51.100.20"]
    # The number's own country replaces the one given.
    assert data["country_code"] == "US"


async def test_a_new_trunk_is_verified_and_then_active(api: ApiUnderTest) -> None:
    api.on_ring = api.work(make_report())
    data = await create(api, EXTENSION)
    assert len(api.rung) == 1
    shown = await get(api, data["id"])
    assert (shown["is_active"], shown["is_verified"], shown["health_status"]) == (True, True, "healthy")
    assert shown["last_verification"]["reason"] == "credentials-proven"


async def test_ids_rise_and_are_never_given_again(api: ApiUnderTest) -> None:
    first = await create(api, EXTENSION)
    await api.client.delete(f"/api/user/phone-numbers/{first['id']}")
    second = await create(api, EXTENSION)
    assert second["id"] > first["id"]


async def test_a_second_one_alike_is_the_vendors_409(api: ApiUnderTest) -> None:
    for body in (EXTENSION, NUMBER):
        await create(api, body)
        answer = await api.client.post(
            URL, json=body | {"nickname": "another", "sip_address": "SIP.provider.com"}
        )
        assert answer.status_code == 409
        assert answer.json() == {
            "error": "A SIP trunk with the same phone number, username, and address already exists."
        }
    assert len((await api.client.get(URL)).json()["data"]) == 2


async def test_the_same_extension_elsewhere_is_another(api: ApiUnderTest) -> None:
    await create(api, EXTENSION)
    await create(api, EXTENSION | {"sip_address": "sip.other.com"})
    await create(api, EXTENSION | {"sip_username": "other"})


async def test_a_number_belongs_to_one_trunk(api: ApiUnderTest) -> None:
    await create(api, NUMBER)
    answer = await api.client.post(URL, json=NUMBER | {"sip_address": "sip.other.com"})
    assert (answer.status_code, answer.json()) == (
        409,
        {"error": f"The number {NUMBER['phone_number']} is already registered in your environment."},
    )


async def test_the_vendors_sentences_name_all_that_is_wrong(api: ApiUnderTest) -> None:
    body = {name: value for name, value in EXTENSION.items() if name != "sip_address"}
    answer = await api.client.post(URL, json=body | {"sip_calling_format": "plain"})
    assert answer.status_code == 422
    assert answer.json() == {
        "message": "The given data was invalid.",
        "errors": {
            "sip_address": ["SIP server address is required."],
            "sip_calling_format": ["SIP calling format must be one of: +e164, e164, national."],
        },
    }


@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        ({"sip_trunk_type": "pipe"}, "sip_trunk_type", "must be one of: extension, number"),
        ({"phone_number": "1" * 16}, "phone_number", "1 to 15 characters"),
        ({"phone_number": ""}, "phone_number", "at least 1 character"),
        ({"phone_number": "10 00"}, "phone_number", "without spaces"),
        ({"sip_trunk_type": "number"}, "phone_number", "E.164"),
        ({"nickname": "x" * 51}, "nickname", "at most 50"),
        ({"sip_username": "ab"}, "sip_username", "at least 3"),
        ({"sip_username": "a" * 129}, "sip_username", "at most 128"),
        ({"sip_password": "ab"}, "sip_password", "at least 3"),
        ({"sip_address": "sip.provider.com:5060"}, "sip_address", "without the port"),
        ({"sip_address": "not a host"}, "sip_address", "cannot be used"),
        ({"country_code": "XX"}, "country_code", "country"),
        ({"country_code": "USA"}, "country_code", "must be the two letters of a country"),
        ({"inbound_authorization_type": "ip"}, "allowed_inbound_ips", "at least one valid IP address"),
        (
            {"inbound_authorization_type": "ip", "allowed_inbound_ips": []},
            "allowed_inbound_ips",
            "empty",
        ),
        ({"allowed_inbound_ips": ["0.0.0.0/0"]}, "allowed_inbound_ips", "admits everyone"),
        (
            {"allowed_inbound_ips": ["0.0.0.0/1", "128.0.0.0/1"]},
            "allowed_inbound_ips",
            "admits everyone",
        ),
        ({"allowed_inbound_ips": ["203.0.113.10", "here"]}, "allowed_inbound_ips", "'here'"),
        ({"outbound_proxy": True}, "outbound_proxy", "TRUNKS_FIXED_EGRESS"),
        ({"outbound_proxy": "yes"}, "outbound_proxy", "must be true or false"),
    ],
)
async def test_a_wrong_field_is_named(
    api: ApiUnderTest, change: dict[str, Any], field: str, told: str
) -> None:
    answer = await api.client.post(URL, json=EXTENSION | change)
    assert answer.status_code == 422, answer.text
    assert list(answer.json()["errors"]) == [field]
    assert told in answer.json()["errors"][field][0]
    assert (await api.client.get(URL)).json() == {"data": []}


async def update(api: ApiUnderTest, serial: int, **change: Any) -> httpx.Response:
    return await api.client.put(f"{URL}/{serial}", json=change)


@pytest.mark.parametrize(
    ("change", "verified_anew"),
    [
        ({"sip_username": "other"}, True),
        ({"sip_password": "another"}, True),
        ({"sip_address": "sip.other.com"}, True),
        ({"phone_number": "2000"}, False),
        ({"nickname": "Backup"}, False),
        ({"nickname": None}, False),
        ({"sip_calling_format": "national"}, False),
        ({"country_code": "GB"}, False),
        ({"inbound_authorization_type": "ip", "allowed_inbound_ips": ["203.0.113.7"]}, False),
    ],
)
async def test_an_update_changes_what_is_sent_alone(
    api: ApiUnderTest, change: dict[str, Any], verified_anew: bool
) -> None:
    api.on_ring = api.work(make_report())
    before = await create(api, EXTENSION)
    api.on_ring = lambda verification_id: None
    answer = await update(api, before["id"], **change)
    assert answer.status_code == 200, answer.text
    assert answer.json()["message"] == "SIP trunk updated successfully."
    changed = {name: value for name, value in change.items() if name != "sip_password"}
    assert of_the_vendor(answer.json()["data"]) == of_the_vendor(before) | changed
    assert len(api.rung) == (2 if verified_anew else 1)
    assert (await get(api, before["id"]))["is_verified"] is not verified_anew


async def test_to_auth_clears_the_addresses(api: ApiUnderTest) -> None:
    made = await create(api, NUMBER)
    data = (await update(api, made["id"], inbound_authorization_type="auth")).json()["data"]
    assert (data["inbound_authorization_type"], data["allowed_inbound_ips"]) == ("auth", None)
    refused = await update(api, made["id"], inbound_authorization_type="ip")
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["allowed_inbound_ips"])


async def test_a_number_may_become_another_or_an_extension(api: ApiUnderTest) -> None:
    made = await create(api, NUMBER)
    data = (await update(api, made["id"], phone_number="+442083661177")).json()["data"]
    assert (data["phone_number"], data["country_code"]) == ("+442083661177", "GB")
    wrong = await update(api, made["id"], phone_number="1000")
    assert list(wrong.json()["errors"]) == ["phone_number"]
    data = (await update(api, made["id"], phone_number="1000", sip_trunk_type="extension")).json()["data"]
    assert data["phone_number"] == "1000"
    # The number is free again.
    await create(api, NUMBER | {"phone_number": "+442083661177"})


async def test_deleting_answers_in_the_vendors_words(api: ApiUnderTest) -> None:
    made = await create(api, NUMBER)
    url = f"/api/user/phone-numbers/{made['id']}"
    answer = await api.client.delete(url)
    assert (answer.status_code, answer.json()) == (200, {"message": "Phone number deleted successfully."})
    again = await api.client.delete(url)
    assert (again.status_code, again.json()) == (404, {"error": "Phone number not found."})
    assert (await api.client.get(f"{URL}/{made['id']}")).json() == {"error": "SIP trunk not found."}


@pytest.mark.parametrize("serial", ["0", "-1", "x", "9" * 30, "1.0", "%31x"])
async def test_an_unknown_id_is_404(api: ApiUnderTest, serial: str) -> None:
    for method in ("GET", "PUT"):
        answer = await api.client.request(method, f"{URL}/{serial}", json={})
        assert (answer.status_code, answer.json()) == (404, {"error": "SIP trunk not found."})


async def test_another_tenants_trunk_is_404(api: ApiUnderTest) -> None:
    made = await create(api, EXTENSION)
    api.store.installation.tenancy.tenants.create_environment("other")
    headers = {"Authorization": f"Bearer {api.store.installation.tenancy.tenants.create_token('other')}"}
    for method, url in (
        ("GET", f"{URL}/{made['id']}"),
        ("PUT", f"{URL}/{made['id']}"),
        ("DELETE", f"/api/user/phone-numbers/{made['id']}"),
    ):
        answer = await api.client.request(method, url, json={}, headers=headers)
        assert answer.status_code == 404
    assert (await api.client.get(URL, headers=headers)).json() == {"data": []}


async def test_every_error_has_the_vendors_shape(api: ApiUnderTest) -> None:
    for method, url, status in (
        ("GET", "/api/user/phone-numbers/nothing/here", 404),
        ("PATCH", URL, 405),
        ("POST", f"{URL}", 400),
    ):
        answer = await api.client.request(
            method, url, content=b"{", headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, list(answer.json())) == (status, ["error"])
    answer = await api.client.get(URL, headers={"Authorization": "Bearer no"})
    assert (answer.status_code, list(answer.json())) == (401, ["error"])
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_plan_without_custom_trunks_is_refused(api: ApiUnderTest) -> None:
    headers = {"Authorization": f"Bearer {api.forbid_custom_trunks()}"}
    answer = await api.client.post(URL, json=EXTENSION, headers=headers)
    assert (answer.status_code, list(answer.json())) == (403, ["error"])


async def test_the_other_dialects_list_it_as_far_as_they_can(api: ApiUnderTest) -> None:
    made = await create(api, NUMBER)
    (trunk,) = (await api.client.get("/api/v1/sip-trunks")).json()["data"]
    assert (trunk["domain"], trunk["transport"], trunk["port"]) == ("sip.provider.com", "udp", 5060)
    assert (trunk["name"], trunk["username"]) == ("+14155551234", "trunk_user")
    (did,) = (await api.client.get(f"/api/v1/sip-trunks/{trunk['id']}/dids")).json()["data"]
    assert (did["number"], did["formatted_number"]) == ("+14155551234", "(415) 555-1234")
    (bolna,) = (await api.client.get("/sip-trunks/trunks")).json()
    assert bolna["gateways"] == [{"gateway_address": "sip.provider.com", "port": 5060, "priority": 1}]
    assert bolna["ip_identifiers"] == [{"ip_address": "203.0.113.10"}, {"ip_address": "198.51.100.20"}]
    assert bolna["outbound_leading_plus_enabled"] is False
    assert [each["phone_number"] for each in bolna["phone_numbers"]] == ["+14155551234"]
    assert made["id"] == (await api.client.get(URL)).json()["data"][0]["id"]


async def test_a_talkover_trunk_is_shown_here(api: ApiUnderTest) -> None:
    trunk = await api.create(name="Primary")
    (shown,) = (await api.client.get(URL)).json()["data"]
    assert re.fullmatch(r"[0-9]+", str(shown["id"]))
    assert (shown["nickname"], shown["phone_number"]) == ("Primary", None)
    await api.client.post(
        f"/api/v1/sip-trunks/{trunk['id']}/dids", json={"country_code": "US", "number": "+15551234567"}
    )
    shown = await get(api, shown["id"])
    assert (shown["phone_number"], shown["country_code"]) == ("+15551234567", "US")


async def test_a_number_that_another_dialect_took_away_is_no_nickname(api: ApiUnderTest) -> None:
    unnamed = await create(api, {name: value for name, value in NUMBER.items() if name != "nickname"})
    named = await create(api, NUMBER | {"phone_number": "+14155551235", "nickname": "Main"})
    (second, first) = (await api.client.get("/sip-trunks/trunks")).json()
    numbers = iter(range(1000, 2000))
    for trunk in (first, second):
        body = {"phone_numbers": [{"phone_number": f"+1212555{next(numbers)}"}]}
        assert (await api.client.patch(f"/sip-trunks/trunks/{trunk['id']}", json=body)).status_code == 200
    shown = await get(api, unnamed["id"])
    assert (shown["nickname"], shown["phone_number"]) == (None, "+12125551000")
    assert (await get(api, named["id"]))["nickname"] == "Main"
    # What is shown may be sent back, and a name that another dialect gives is one.
    for sent in (shown, {}, {"nickname": None}):
        assert (await api.client.put(f"{URL}/{unnamed['id']}", json=sent)).json()["data"] == shown
    line = {"phone_number": "+12125551999"}
    answer = await api.client.put(f"{URL}/{unnamed['id']}", json=line)
    assert (answer.status_code, answer.json()["data"]["nickname"]) == (200, None)
    assert (await api.client.get(f"/sip-trunks/trunks/{first['id']}")).json()["name"] == "+12125551999"
    await api.client.patch(f"/sip-trunks/trunks/{first['id']}", json={"name": "Renamed"})
    assert (await get(api, unnamed["id"]))["nickname"] == "Renamed"
