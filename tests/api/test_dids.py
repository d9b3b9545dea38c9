"""talkover's DIDs: added, listed, assigned, removed; and the trunk that still has some."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.api.client import ApiUnderTest

URL = "/api/v1/sip-trunks"
NUMBER = {"country_code": "US", "number": "+15551234567"}


async def add(api: ApiUnderTest, trunk_id: str, **changes: Any) -> dict[str, Any]:
    answer = await api.client.post(f"{URL}/{trunk_id}/dids", json=NUMBER | changes)
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def test_the_vendors_sample_gives_the_vendors_answer(api: ApiUnderTest) -> None:
    trunk_id = (await api.create())["id"]
    answer = await api.client.post(f"{URL}/{trunk_id}/dids", json=NUMBER)
    assert answer.status_code == 201
    body = answer.json()
    assert body == {
        "success": True,
        "data": {
            "id": body["data"]["id"],
            "number": "+15551234567",
            "country_code": "US",
            "formatted_number": "(555) 123-4567",
            "trunk_id": trunk_id,
        },
    }


async def test_the_vendors_other_sample_contradicts_itself_and_is_accepted(api: ApiUnderTest) -> None:
    trunk_id = (await api.create())["id"]
    data = await add(api, trunk_id, number="+5511987654321")
    assert (data["country_code"], data["formatted_number"]) == ("US", "(11) 98765-4321")
    assert data["warnings"] == [
        {
            "code": "country-mismatch",
            "message": "+5511987654321 has the calling code +55, which is not that of US.",
        }
    ]


async def test_numbers_are_listed_newest_first(api: ApiUnderTest) -> None:
    trunk_id = (await api.create())["id"]
    first = await add(api, trunk_id)
    second = await add(api, trunk_id, country_code="gb", number="+442083661177")
    answer = (await api.client.get(f"{URL}/{trunk_id}/dids")).json()
    assert answer == {
        "success": True,
        "data": [
            {
                "id": second["id"],
                "number": "+442083661177",
                "country_code": "GB",
                "formatted_number": "020 8366 1177",
                "assigned_to": None,
            },
            {
                "id": first["id"],
                "number": "+15551234567",
                "country_code": "US",
                "formatted_number": "(555) 123-4567",
                "assigned_to": None,
            },
        ],
        "next_cursor": None,
    }
    page = (await api.client.get(f"{URL}/{trunk_id}/dids?limit=1")).json()
    rest = (await api.client.get(f"{URL}/{trunk_id}/dids?cursor={page['next_cursor']}")).json()
    assert page["data"] + rest["data"] == answer["data"]


async def test_a_number_is_taken_once_in_an_environment(api: ApiUnderTest) -> None:
    one, other = (await api.create())["id"], (await api.create())["id"]
    await add(api, one)
    answer = await api.client.post(f"{URL}/{other}/dids", json=NUMBER)
    assert answer.status_code == 409
    assert answer.json() == {
        "success": False,
        "message": "This number is already registered in your environment",
        "code": "DID_ALREADY_EXISTS",
    }
    tenants = api.store.installation.tenancy.tenants
    tenants.create_environment("other")
    api.client.headers["Authorization"] = f"Bearer {tenants.create_token('other')}"
    await add(api, (await api.create())["id"])


async def test_of_many_at_once_one_gets_the_number(api: ApiUnderTest) -> None:
    trunk_id = (await api.create())["id"]
    answers = await asyncio.gather(
        *(api.client.post(f"{URL}/{trunk_id}/dids", json=NUMBER) for _ in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"number": "15551234567"}, "number"),
        ({"number": "+1 555 123 4567"}, "number"),
        ({"number": "+1555"}, "number"),
        ({"number": "+0123456789"}, "number"),
        ({"number": "+1234567890123456"}, "number"),
        ({"number": "+999123456789"}, "number"),
        ({"number": "nonsense"}, "number"),
        ({"number": 15551234567}, "number"),
        ({"number": None}, "number"),
        ({"country_code": "XX"}, "country_code"),
        ({"country_code": "USA"}, "country_code"),
        ({"country_code": ""}, "country_code"),
        ({"country_code": None}, "country_code"),
    ],
)
async def test_a_wrong_field_is_named(api: ApiUnderTest, change: dict[str, Any], field: str) -> None:
    trunk_id = (await api.create())["id"]
    answer = await api.client.post(f"{URL}/{trunk_id}/dids", json=NUMBER | change)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert list(answer.json()["errors"]) == [field]


async def test_all_wrong_fields_are_named_at_once(api: ApiUnderTest) -> None:
    trunk_id = (await api.create())["id"]
    answer = await api.client.post(f"{URL}/{trunk_id}/dids", json={"number": "x"})
    assert sorted(answer.json()["errors"]) == ["country_code", "number"]


async def test_a_number_in_use_stays(api: ApiUnderTest) -> None:
    trunk_id = (await api.create())["id"]
    url = f"{URL}/{trunk_id}/dids/{(await add(api, trunk_id))['id']}"
    assigned = await api.client.patch(url, json={"assigned_to": "agent-7"})
    assert (assigned.status_code, assigned.json()["data"]["assigned_to"]) == (200, "agent-7")
    refused = await api.client.delete(url)
    assert (refused.status_code, refused.json()) == (
        409,
        {
            "success": False,
            "message": "DID is still assigned to active agents",
            "code": "DID_IN_USE",
        },
    )
    await api.client.patch(url, json={"assigned_to": None})
    removed = await api.client.delete(url)
    assert (removed.status_code, removed.json()) == (200, {"success": True, "message": "DID removed"})
    assert (await api.client.get(f"{URL}/{trunk_id}/dids")).json()["data"] == []


async def test_an_assignment_has_to_be_said(api: ApiUnderTest) -> None:
    trunk_id = (await api.create())["id"]
    url = f"{URL}/{trunk_id}/dids/{(await add(api, trunk_id))['id']}"
    answer = await api.client.patch(url, json={})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["assigned_to"])


async def test_a_trunk_with_numbers_is_not_deleted(api: ApiUnderTest) -> None:
    trunk_id = (await api.create())["id"]
    did_id = (await add(api, trunk_id))["id"]
    refused = await api.client.delete(f"{URL}/{trunk_id}")
    assert (refused.status_code, refused.json()) == (
        409,
        {
            "success": False,
            "message": "Trunk still has DIDs attached. Delete DIDs before deleting the trunk.",
            "code": "TRUNK_HAS_DIDS",
        },
    )
    await api.client.delete(f"{URL}/{trunk_id}/dids/{did_id}")
    deleted = await api.client.delete(f"{URL}/{trunk_id}")
    assert (deleted.status_code, deleted.json()) == (200, {"success": True, "message": "SIP trunk deleted"})
    assert (await api.client.get(f"{URL}/{trunk_id}")).status_code == 404


async def test_a_trunk_goes_with_its_history(api: ApiUnderTest) -> None:
    trunk_id = (await api.create())["id"]
    await api.verified(trunk_id)
    assert (await api.client.delete(f"{URL}/{trunk_id}")).status_code == 200
    for path in ("", "/verifications", "/events", "/dids"):
        answer = await api.client.get(f"{URL}/{trunk_id}{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "TRUNK_NOT_FOUND")
    assert (await api.client.delete(f"{URL}/{trunk_id}")).status_code == 404


@pytest.mark.parametrize("did_id", ["x", "01890a5d-ac96-774b-bcce-b302099a8057"])
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_an_unknown_number_is_404(api: ApiUnderTest, method: str, did_id: str) -> None:
    trunk_id = (await api.create())["id"]
    answer = await api.client.request(method, f"{URL}/{trunk_id}/dids/{did_id}", json={"assigned_to": "x"})
    assert (answer.status_code, answer.json()["code"]) == (404, "DID_NOT_FOUND")
    assert answer.json()["message"] == "DID not found."


async def test_another_trunks_number_is_404(api: ApiUnderTest) -> None:
    one, other = (await api.create())["id"], (await api.create())["id"]
    did_id = (await add(api, one))["id"]
    answer = await api.client.delete(f"{URL}/{other}/dids/{did_id}")
    assert (answer.status_code, answer.json()["code"]) == (404, "DID_NOT_FOUND")


@pytest.mark.parametrize("path", ["/dids", "/dids/{id}"])
async def test_numbers_of_an_unknown_trunk_are_404(api: ApiUnderTest, path: str) -> None:
    url = f"{URL}/{uuid4()}{path.format(id=uuid4())}"
    for method, body in (("POST", NUMBER), ("GET", None), ("DELETE", None)):
        answer = await api.client.request(method, url, json=body)
        assert answer.status_code in (404, 405)
        assert answer.json()["code"] in ("TRUNK_NOT_FOUND", "METHOD_NOT_ALLOWED")
