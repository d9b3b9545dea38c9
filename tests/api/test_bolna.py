"""bolna's trunks and numbers."""

from typing import Any

import httpx
import pytest
from sqlalchemy import update

from tests.api.client import ApiUnderTest
from tests.trunks.forms import PASSWORD, make_report
from trunks.models.trunk_profile import TrunkProfileRow

URL = "/sip-trunks/trunks"
USERPASS: dict[str, Any] = {
    "name": "Mumbai carrier",
    "provider": "carrier-x",
    "auth_type": "userpass",
    "auth_username": "user_42",
    "auth_password": PASSWORD,
    "gateways": [{"gateway_address": "sip.carrier.example"}],
}
IP_BASED: dict[str, Any] = {
    "name": "Delhi carrier",
    "provider": "carrier-y",
    "auth_type": "ip-based",
    "ip_identifiers": [{"ip_address": "203.0.113.0/24"}],
    "gateways": [
        {"gateway_address": "198.51.100.1", "port": 5080, "priority": 2},
        {"gateway_address": "198.51.100.2", "priority": 1},
    ],
    "phone_numbers": [{"phone_number": "919876543210", "name": "Support"}, {"phone_number": "1800-X"}],
}


async def create(api: ApiUnderTest, body: dict[str, Any]) -> dict[str, Any]:
    answer = await api.client.post(URL, json=body)
    assert answer.status_code == 201, answer.text
    assert PASSWORD not in answer.text
    data: dict[str, Any] = answer.json()
    return data


async def patch(api: ApiUnderTest, trunk_id: str, **change: Any) -> httpx.Response:
    return await api.client.patch(f"{URL}/{trunk_id}", json=change)


async def test_a_trunk_with_a_password_in_the_vendors_shape(api: ApiUnderTest) -> None:
    data = await create(api, USERPASS)
    assert data == {
        "id": data["id"],
        "name": "Mumbai carrier",
        "provider": "carrier-x",
        "description": None,
        "auth_type": "userpass",
        "auth_username": "user_42",
        "gateways": [{"gateway_address": "sip.carrier.example", "port": 5060, "priority": 1}],
        "ip_identifiers": [],
        "transport": "transport-udp",
        "media_encryption": "no",
        "media_encryption_optimistic": False,
        "allow": "ulaw,alaw",
        "disallow": "all",
        "inbound_enabled": False,
        "outbound_leading_plus_enabled": True,
        "qualify_frequency": 60,
        "direct_media": False,
        "rtp_symmetric": True,
        "force_rport": True,
        "phone_numbers": [],
        "phone_number_count": 0,
        "created_at": "2026-03-01T12:00:00Z",
        "updated_at": "2026-03-01T12:00:00Z",
        "is_active": False,
        "is_verified": False,
        "health_status": "unknown",
        "last_verification": None,
        "proof": "auto",
        "caller_identity": "number",
        "media_warnings": [],
        "inbound_warnings": [],
        "outbound_way": None,
        "callable": "unknown",
        "callable_reason": None,
        "certificate_expires_at": None,
    }
    # Creation queues a verification.
    assert len(api.rung) == 1


async def test_a_trunk_by_address_with_gateways_and_numbers(api: ApiUnderTest) -> None:
    data = await create(api, IP_BASED)
    assert (data["auth_type"], data["auth_username"]) == ("ip-based", None)
    assert data["gateways"] == [
        {"gateway_address": "198.51.100.2", "port": 5060, "priority": 1},
        {"gateway_address": "198.51.100.1", "port": 5080, "priority": 2},
    ]
    assert [number["phone_number"] for number in data["phone_numbers"]] == ["919876543210", "1800-X"]
    assert (await api.client.get(f"{URL}/{data['id']}")).json() == data
    assert (await api.client.get(URL)).json() == [data]


async def test_tls_has_its_own_default_port(api: ApiUnderTest) -> None:
    data = await create(api, USERPASS | {"transport": "transport-tls", "media_encryption": "sdes"})
    assert data["gateways"][0]["port"] == 5061
    assert (data["transport"], data["media_encryption"]) == ("transport-tls", "sdes")


@pytest.mark.parametrize(("given", "kept"), [(0, 0), (10, 30), (30, 30), (300, 300), (None, 60)])
async def test_a_frequency_below_the_floor_is_the_floor(
    api: ApiUnderTest, given: int | None, kept: int
) -> None:
    assert (await create(api, USERPASS | {"qualify_frequency": given}))["qualify_frequency"] == kept


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"name": ""}, ["name"]),
        ({"auth_type": "token"}, ["auth_type"]),
        ({"auth_username": None, "auth_password": None}, ["auth_username", "auth_password"]),
        ({"auth_type": "ip-based"}, ["auth_username", "auth_password", "ip_identifiers"]),
        ({"auth_type": "ip-based", "auth_username": None, "auth_password": None}, ["ip_identifiers"]),
        ({"ip_identifiers": [{"ip_address": "0.0.0.0/0"}]}, ["ip_identifiers.0.ip_address"]),
        ({"ip_identifiers": [{"ip_address": "garbage"}]}, ["ip_identifiers.0.ip_address"]),
        (
            {
                "auth_type": "ip-based",
                "auth_username": None,
                "auth_password": None,
                "ip_identifiers": [{"ip_address": "0.0.0.0/1"}, {"ip_address": "128.0.0.0/1"}],
            },
            ["ip_identifiers"],
        ),
        ({"ip_identifiers": [{"ip_address": "203.0.113.9"}]}, ["ip_identifiers"]),
        ({"gateways": []}, ["gateways"]),
        (
            {"gateways": [{"gateway_address": "a.example"}, {"gateway_address": "A.example", "port": 5060}]},
            ["gateways"],
        ),
        ({"gateways": [{"gateway_address": f"g{n}.example"} for n in range(9)]}, ["gateways"]),
        ({"gateways": [{"gateway_address": "a b"}]}, ["gateways.0.gateway_address"]),
        ({"gateways": [{"gateway_address": "a.example", "port": 0}]}, ["gateways.0.port"]),
        ({"transport": "udp"}, ["transport"]),
        ({"qualify_frequency": -1}, ["qualify_frequency"]),
        (
            {"phone_numbers": [{"phone_number": "12", "e164_check_enabled": True}]},
            ["phone_numbers.0.phone_number"],
        ),
        ({"media_encryption": "sdes", "provider": ""}, ["provider", "media_encryption"]),
        ({"allow": "opus"}, ["allow"]),
        ({"allow": "", "disallow": "all"}, ["allow"]),
        ({"allow": "", "disallow": "ulaw,alaw,g722"}, ["allow"]),
    ],
)
async def test_a_fault_is_400_and_all_are_named_at_once(
    api: ApiUnderTest, change: dict[str, Any], fields: list[str]
) -> None:
    answer = await api.client.post(URL, json=USERPASS | change)
    body = answer.json()
    assert (answer.status_code, body["error"]) == (400, 400), answer.text
    assert sorted(body["errors"]) == sorted(fields)
    assert all(field in body["message"] for field in fields)
    assert (await api.client.get(URL)).json() == []


async def test_sdes_without_tls_alone_is_422(api: ApiUnderTest) -> None:
    answer = await api.client.post(URL, json=USERPASS | {"media_encryption": "sdes"})
    assert (answer.status_code, answer.json()["error"]) == (422, 422)
    assert list(answer.json()["errors"]) == ["media_encryption"]


async def test_codecs_that_leave_none_are_refused_and_unknown_ones_told(api: ApiUnderTest) -> None:
    made = await create(api, USERPASS | {"allow": "alaw,opus"})
    assert made["allow"] == "alaw,opus"
    assert [each.partition(":")[0] for each in made["media_warnings"]] == ["Calls do not use opus"]
    refused = await patch(api, made["id"], allow="opus,g729")
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["allow"])
    assert "ulaw, alaw, g722" in refused.json()["message"]
    # A trunk of before this rule: what is shown may be sent back.
    with api.store.installation.database.write() as session:
        session.execute(update(TrunkProfileRow).values(allow="opus"))
    assert (await patch(api, made["id"], allow="opus", disallow="all", name="Other")).status_code == 200


async def test_a_name_is_unique_in_the_account(api: ApiUnderTest) -> None:
    first = await create(api, USERPASS)
    second = await create(api, IP_BASED)
    taken = {"error": 409, "message": "A trunk with this name already exists"}
    answer = await api.client.post(URL, json=USERPASS)
    assert (answer.status_code, answer.json()) == (409, taken)
    answer = await patch(api, second["id"], name=first["name"])
    assert (answer.status_code, answer.json()) == (409, taken)
    assert (await patch(api, first["id"], name=first["name"])).status_code == 200


@pytest.mark.parametrize(
    ("change", "verified_anew"),
    [
        ({"name": "Other"}, False),
        ({"provider": "carrier-z"}, False),
        ({"description": "main line"}, False),
        ({"allow": "opus", "disallow": "", "direct_media": True, "rtp_symmetric": False}, False),
        ({"inbound_enabled": True, "outbound_leading_plus_enabled": False}, False),
        ({"qualify_frequency": 0}, False),
        ({"ip_identifiers": []}, False),
        ({"gateways": [{"gateway_address": "SIP.carrier.example", "port": 5060, "priority": 1}]}, False),
        ({"gateways": [{"gateway_address": "sip2.carrier.example", "port": 5060, "priority": 1}]}, True),
        ({"transport": "transport-tcp"}, True),
        ({"auth_username": "user_43"}, True),
        ({"auth_password": "another"}, True),
        ({"auth_password": PASSWORD}, False),
    ],
)
async def test_a_patch_changes_what_is_sent_alone(
    api: ApiUnderTest, change: dict[str, Any], verified_anew: bool
) -> None:
    api.on_ring = api.work(make_report())
    made = await create(api, USERPASS)
    before = (await api.client.get(f"{URL}/{made['id']}")).json()
    assert before["is_active"] is True
    api.on_ring = lambda verification_id: None
    answer = await patch(api, made["id"], **change)
    assert answer.status_code == 200, answer.text
    after = answer.json()
    for name, value in change.items():
        if name != "auth_password":
            assert after[name] == value
    assert len(api.rung) == (2 if verified_anew else 1)
    assert (after["is_active"], after["is_verified"]) == ((False, False) if verified_anew else (True, True))
    unchanged = before.keys() - change.keys() - {"is_active", "is_verified", "health_status"}
    unchanged -= {"last_verification", "media_warnings", "updated_at"}
    assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}


async def test_to_ip_based_needs_addresses_and_drops_the_password(api: ApiUnderTest) -> None:
    made = await create(api, USERPASS)
    refused = await patch(api, made["id"], auth_type="ip-based")
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["ip_identifiers"])
    changed = await patch(
        api, made["id"], auth_type="ip-based", ip_identifiers=[{"ip_address": "203.0.113.9"}]
    )
    assert (changed.json()["auth_type"], changed.json()["auth_username"]) == ("ip-based", None)
    back = await patch(api, made["id"], auth_type="userpass", auth_username="user_42")
    assert (back.status_code, list(back.json()["errors"])) == (400, ["auth_password"])


async def test_sdes_is_judged_against_the_trunks_transport(api: ApiUnderTest) -> None:
    made = await create(api, USERPASS)
    assert (await patch(api, made["id"], media_encryption="sdes")).status_code == 422
    both = await patch(api, made["id"], media_encryption="sdes", transport="transport-tls")
    assert both.status_code == 200
    assert (await patch(api, made["id"], transport="transport-udp")).status_code == 422


async def test_the_customers_switch(api: ApiUnderTest) -> None:
    made = await create(api, USERPASS)
    refused = await patch(api, made["id"], is_active=True)
    assert (refused.status_code, refused.json()["error"]) == (409, 409)
    api.on_ring = api.work(make_report())
    verified = await api.client.post(f"{URL}/{made['id']}/verify")
    assert verified.json()["is_active"] is True
    assert (await patch(api, made["id"], is_active=False)).json()["is_active"] is False
    assert (await api.client.get(f"{URL}?is_active=false")).json()[0]["id"] == made["id"]
    assert (await api.client.get(f"{URL}?is_active=true")).json() == []


async def test_verifying_answers_the_trunk_with_the_verdict(api: ApiUnderTest) -> None:
    made = await create(api, USERPASS)
    api.on_ring = api.work(make_report())
    answer = await api.client.post(f"{URL}/{made['id']}/verify")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["id"], body["outcome"], body["reason"], body["advice"]) == (
        made["id"],
        "verified",
        "credentials-proven",
        "",
    )
    # It was still queued from the creation, so whoever asks is given that run.
    assert body["verification_id"] == str(api.rung[0])


async def test_a_run_that_outlasts_the_wait_is_202(api: ApiUnderTest) -> None:
    made = await create(api, USERPASS)
    answer = await api.client.post(f"{URL}/{made['id']}/verify")
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")


async def test_the_vendors_sample_number_gives_the_vendors_answer(api: ApiUnderTest) -> None:
    trunk = await create(api, USERPASS)
    answer = await api.client.post(
        f"{URL}/{trunk['id']}/numbers",
        json={"phone_number": "919876543210", "name": "Mumbai Support Line", "e164_check_enabled": False},
    )
    assert answer.status_code == 201
    number = answer.json()
    assert number == {
        "id": number["id"],
        "phone_number": "919876543210",
        "name": "Mumbai Support Line",
        "byot_trunk_id": trunk["id"],
        "telephony_provider": "sip-trunk",
        "deleted": False,
        "created_at": "2026-03-01T12:00:00Z",
        "updated_at": "2026-03-01T12:00:00Z",
    }
    assert (await api.client.get(f"{URL}/{trunk['id']}/numbers")).json() == [number]
    removed = await api.client.delete(f"{URL}/{trunk['id']}/numbers/{number['id']}")
    assert (removed.status_code, removed.json()) == (
        200,
        {"message": "Phone number removed successfully"},
    )
    again = await api.client.delete(f"{URL}/{trunk['id']}/numbers/{number['id']}")
    assert (again.status_code, again.json()) == (
        404,
        {"error": 404, "message": "Phone number not found"},
    )


async def test_with_and_without_plus_it_is_one_number(api: ApiUnderTest) -> None:
    trunk = await create(api, USERPASS)
    url = f"{URL}/{trunk['id']}/numbers"
    await api.client.post(url, json={"phone_number": "919876543210"})
    answer = await api.client.post(url, json={"phone_number": "+919876543210"})
    assert (answer.status_code, answer.json()["error"]) == (409, 409)


async def test_the_check_wants_e164(api: ApiUnderTest) -> None:
    trunk = await create(api, USERPASS)
    url = f"{URL}/{trunk['id']}/numbers"
    for number, status in (("12", 400), ("line one", 400), ("919876543210", 201)):
        answer = await api.client.post(url, json={"phone_number": number, "e164_check_enabled": True})
        assert answer.status_code == status
    assert (await api.client.post(url, json={"phone_number": "line one"})).status_code == 201


async def test_a_number_that_is_none_has_no_national_form_in_talkover(api: ApiUnderTest) -> None:
    trunk = await create(api, IP_BASED)
    dids = (await api.client.get(f"/api/v1/sip-trunks/{trunk['id']}/dids")).json()["data"]
    assert [(did["number"], did["country_code"], did["formatted_number"]) for did in dids] == [
        ("1800-X", None, None),
        ("+919876543210", "IN", "098765 43210"),
    ]


async def test_numbers_are_replaced_whole(api: ApiUnderTest) -> None:
    trunk = await create(api, IP_BASED)
    kept = trunk["phone_numbers"][0]
    changed = await patch(
        api,
        trunk["id"],
        phone_numbers=[{"phone_number": "+919876543210", "name": "Sales"}, {"phone_number": "911234567890"}],
    )
    numbers = changed.json()["phone_numbers"]
    assert [(each["phone_number"], each["name"]) for each in numbers] == [
        ("919876543210", "Sales"),
        ("911234567890", None),
    ]
    assert numbers[0]["id"] == kept["id"]
    assert (await patch(api, trunk["id"], phone_numbers=[])).json()["phone_numbers"] == []


async def test_deleting_takes_the_numbers_along(api: ApiUnderTest) -> None:
    trunk = await create(api, IP_BASED)
    answer = await api.client.delete(f"{URL}/{trunk['id']}")
    assert (answer.status_code, answer.json()) == (
        200,
        {"message": "Trunk deleted successfully. 2 phone number(s) removed."},
    )
    assert (await api.client.get(f"{URL}/{trunk['id']}")).json() == {
        "error": 404,
        "message": "Trunk not found",
    }
    await create(api, IP_BASED)


async def test_every_error_has_the_vendors_shape(api: ApiUnderTest) -> None:
    for method, path, status in (
        ("GET", "/x/y/z", 404),
        ("PUT", "", 405),
        ("POST", "", 400),
        ("GET", "?is_active=perhaps", 400),
    ):
        answer = await api.client.request(
            method, f"{URL}{path}", content=b"{", headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()["error"]) == (status, status)
        assert answer.json()["message"]
    answer = await api.client.get(URL, headers={"Authorization": "Bearer no"})
    assert (answer.status_code, answer.json()["error"]) == (401, 401)


async def test_another_tenants_trunk_is_404(api: ApiUnderTest) -> None:
    trunk = await create(api, USERPASS)
    api.store.installation.tenancy.tenants.create_environment("other")
    api.client.headers["Authorization"] = (
        f"Bearer {api.store.installation.tenancy.tenants.create_token('other')}"
    )
    for method, path in (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/verify"),
        ("GET", "/numbers"),
    ):
        answer = await api.client.request(method, f"{URL}/{trunk['id']}{path}", json={})
        assert (answer.status_code, answer.json()["error"]) == (404, 404)
    assert (await api.client.get(URL)).json() == []
    # Another account may use the name.
    await create(api, USERPASS)


async def test_a_talkover_trunk_is_shown_here(api: ApiUnderTest) -> None:
    made = await api.create()
    (trunk,) = (await api.client.get(URL)).json()
    assert (trunk["id"], trunk["transport"]) == (made["id"], "transport-tls")
    assert trunk["gateways"] == [{"gateway_address": "sip.carrier.example", "port": 5061, "priority": 1}]
