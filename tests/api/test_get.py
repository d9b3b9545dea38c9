"""talkover, "Get SIP Trunk"."""

from uuid import UUID

import httpx
import pytest

from tests.api.client import ApiUnderTest
from tests.trunks.forms import PASSWORD

URL = "/api/v1/sip-trunks"

# The shapes are the same over either store; test_verify.py goes over both.
pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)


async def test_a_trunk_is_shown_in_the_vendors_shape(api: ApiUnderTest) -> None:
    made = await api.create(outbound_proxy="proxy.example:5080", auth_realm="carrier.example")
    answer = await api.client.get(f"{URL}/{made['id']}")
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "data": {
            **made,
            "username": "user_42",
            "outbound_proxy": "proxy.example:5080",
            "auth_realm": "carrier.example",
            "health_status": "unknown",
            "last_health_check_at": None,
            "updated_at": "2026-03-01T12:00:00Z",
            "gateways": [{"host": "sip.carrier.example", "port": 5061, "transport": "tls", "priority": 1}],
            "credentials": "not-tested",
            "last_verification": None,
            "proof": "auto",
            "caller_identity": "number",
            "media_warnings": [],
            "inbound_warnings": [],
            "outbound_way": None,
            "callable": "unknown",
            "callable_reason": None,
            "certificate_expires_at": None,
        },
    }
    assert PASSWORD not in answer.text


async def test_the_last_verification_is_shown(api: ApiUnderTest) -> None:
    made = await api.create()
    await api.verified(made["id"])
    data = (await api.client.get(f"{URL}/{made['id']}")).json()["data"]
    assert (data["is_verified"], data["health_status"], data["credentials"]) == (True, "healthy", "proven")
    assert data["last_verification"] == {
        "reason": "credentials-proven",
        "summary": "The trunk works.",
        "advice": "",
    }


async def test_after_an_edit_the_last_verification_is_of_another_trunk(api: ApiUnderTest) -> None:
    made = await api.create()
    await api.verified(made["id"])
    api.store.edit(UUID(made["id"]))
    data = (await api.client.get(f"{URL}/{made['id']}")).json()["data"]
    assert data["last_verification"] is None


@pytest.mark.parametrize(
    "trunk_id",
    ["01890a5d-ac96-774b-bcce-b302099a8057", "x", "1", "%00", "{12345678-1234-5678-1234-567812345678}"],
)
@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/verify"), ("GET", "/verifications")])
async def test_an_unknown_or_malformed_id_is_404(
    client: httpx.AsyncClient, trunk_id: str, method: str, path: str
) -> None:
    answer = await client.request(method, f"{URL}/{trunk_id}{path}")
    assert answer.status_code == 404
    assert answer.json() == {"success": False, "message": "SIP trunk not found.", "code": "TRUNK_NOT_FOUND"}


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/verify"), ("GET", "/verifications")])
async def test_another_tenants_trunk_is_404(api: ApiUnderTest, method: str, path: str) -> None:
    made = await api.create()
    api.store.installation.tenancy.tenants.create_environment("other")
    token = api.store.installation.tenancy.tenants.create_token("other")
    answer = await api.client.request(
        method, f"{URL}/{made['id']}{path}", headers={"Authorization": f"Bearer {token}"}
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "TRUNK_NOT_FOUND")
    assert api.rung == []
