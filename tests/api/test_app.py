"""What stands beside the dialects, and every status in the dialect's own shape."""

import httpx
import jsonschema_rs
import pytest
from sqlalchemy import text

from api.talkover.verifications.evidence_routes import PCAPNG
from tests.api.client import BODY, ApiUnderTest
from trunks.catalog.trunks import TrunkCatalog

URL = "/api/v1/sip-trunks"

# The shapes are the same over either store; test_verify.py goes over both.
pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer x", "Basic dTpw", "Bearer trunks_x y"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", URL),
        ("GET", f"{URL}/x"),
        ("POST", f"{URL}/x/verify"),
        ("GET", "/api/v1/nowhere"),
        ("PUT", URL),
    ],
)
async def test_without_a_token_everything_is_401(
    client: httpx.AsyncClient, header: str, method: str, path: str
) -> None:
    answer = await client.request(method, path, content=b"{", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json() == {
        "success": False,
        "message": "Give a valid token: Authorization: Bearer <token>.",
        "code": "UNAUTHENTICATED",
    }


async def test_a_revoked_token_is_401(api: ApiUnderTest) -> None:
    tenants = api.store.installation.tenancy.tenants
    for token in tenants.tokens():
        tenants.revoke_token(token.id)
    assert (await api.client.get(f"{URL}/x")).status_code == 401


async def test_an_unmatched_address_is_404(client: httpx.AsyncClient) -> None:
    for path in ("/api/v1/nowhere", f"{URL}/", "/nowhere"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
        assert answer.json()["success"] is False


async def test_another_method_is_405(client: httpx.AsyncClient) -> None:
    answer = await client.put(URL)
    assert (answer.status_code, answer.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["Allow"] == "GET, HEAD, POST"


async def test_a_bug_is_500_and_tells_nothing(api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("hunter2")

    monkeypatch.setattr(TrunkCatalog, "create", broken)
    answer = await api.client.post(URL, json=BODY)
    assert answer.status_code == 500
    assert answer.json() == {
        "success": False,
        "message": "Something went wrong on our side; it has been logged.",
        "code": "INTERNAL_ERROR",
    }


async def test_the_process_and_its_parts_are_told(api: ApiUnderTest) -> None:
    assert (await api.client.get("/healthz")).json() == {"status": "ok"}
    answer = await api.client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ok", "parts": {"store": "ok", "broker": "ok"}},
    )


async def test_a_part_that_fails_is_503(api: ApiUnderTest) -> None:
    api.broker_holds = False
    answer = await api.client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        503,
        {"status": "failing", "parts": {"store": "ok", "broker": "failing"}},
    )


async def test_the_document_declares_the_dialects_own_errors(api: ApiUnderTest) -> None:
    document = (await api.client.get("/openapi.json")).json()
    create = document["paths"][URL]["post"]
    assert set(create["responses"]) == {
        *("201", "400", "401", "403", "408", "409", "413", "415", "422", "429", "431", "500", "503")
    }
    assert create["responses"]["422"]["content"]["application/json"]["schema"]["$ref"].endswith("FieldFaults")
    assert create["security"] == [{"HTTPBearer": []}]
    assert "HTTPValidationError" not in str(document)


async def test_every_operation_declares_what_is_answered_everywhere(api: ApiUnderTest) -> None:
    document = (await api.client.get("/openapi.json")).json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if operation["tags"] == ["operation"]:
                continue
            expected = {"401", "408", "429", "431", "500", "503"}
            if "requestBody" in operation:
                expected |= {"400", "413", "415"}
            if method == "post":
                expected |= {"409", "413", "415", "422"}
                assert "Idempotency-Key" in {each["name"] for each in operation["parameters"]}
            assert expected <= set(operation["responses"]), (method, path)
            for status, response in operation["responses"].items():
                assert response["description"], (method, path, status)
                assert "X-Request-ID" in response["headers"]
                # Nobody's rate is counted before it is known whose request it is.
                unknown = status in {"401", "408", "431"}
                assert ("X-RateLimit-Remaining" in response["headers"]) != unknown


async def test_every_success_is_shown_by_an_example_that_is_one(api: ApiUnderTest) -> None:
    document = (await api.client.get("/openapi.json")).json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, response in operation["responses"].items():
                if operation["tags"] == ["operation"] or int(status) >= 400:
                    continue
                if set(response["content"]) <= {
                    PCAPNG,
                    "text/plain",
                }:  # a file and a letter are shown by none
                    continue
                content = response["content"]["application/json"]
                assert content["examples"], (method, path, status)
                schema = content["schema"] | {"components": document["components"]}
                for example in content["examples"].values():
                    jsonschema_rs.validate(schema, example["value"])


async def test_a_fault_is_shown_in_its_dialects_shape(api: ApiUnderTest) -> None:
    document = (await api.client.get("/openapi.json")).json()
    shown = {
        dialect: document["paths"][path]["post"]["responses"]["401"]["content"]["application/json"]
        for dialect, path in (("talkover", URL), ("bolna", "/sip-trunks/trunks"))
    }
    (native,) = shown["talkover"]["examples"].values()
    assert native["value"]["code"] == "UNAUTHENTICATED"
    (other,) = shown["bolna"]["examples"].values()
    assert other["value"]["error"] == 401
    for content in shown.values():
        assert content["schema"]["$ref"].rpartition("/")[2] in document["components"]["schemas"]


async def test_no_token_or_password_is_stored_in_the_clear(api: ApiUnderTest) -> None:
    await api.create()
    token = api.client.headers["Authorization"].removeprefix("Bearer ")
    with api.store.installation.database.read() as session:
        rows = [
            *session.execute(text("SELECT * FROM api_tokens")),
            *session.execute(text("SELECT * FROM trunks")),
        ]
    assert token not in repr(rows)
    assert BODY["password"] not in repr(rows)
