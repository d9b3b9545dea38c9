"""talkover, "Create SIP Trunk"."""

import json
import re
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.client import BODY, ApiUnderTest
from tests.trunks.forms import PASSWORD

URL = "/api/v1/sip-trunks"

# The shapes are the same over either store; test_verify.py goes over both.
pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)


async def test_a_trunk_is_created_in_the_vendors_shape(client: httpx.AsyncClient) -> None:
    answer = await client.post(URL, json=BODY)
    assert answer.status_code == 201
    body = answer.json()
    assert body["success"] is True
    data = body["data"]
    assert list(data) == [
        "id",
        "name",
        "provider_name",
        "domain",
        "transport",
        "port",
        "is_active",
        "is_verified",
        "created_at",
    ]
    assert data | {"id": "", "created_at": ""} == {
        "id": "",
        "name": "Primary Carrier — US",
        "provider_name": "carrier-x",
        "domain": "sip.carrier.example",
        "transport": "tls",
        "port": 5061,
        "is_active": False,
        "is_verified": False,
        "created_at": "",
    }
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", data["id"])
    assert data["created_at"] == "2026-03-01T12:00:00Z"
    assert PASSWORD not in answer.text


@pytest.mark.parametrize(
    ("sent", "transport", "port"),
    [
        ({}, "tls", 5061),
        ({"transport": "udp"}, "udp", 5060),
        ({"transport": "tcp"}, "tcp", 5060),
        ({"transport": None, "port": None, "outbound_proxy": None, "is_active": None}, "tls", 5061),
        ({"transport": "tcp", "port": 5080}, "tcp", 5080),
    ],
)
async def test_what_is_left_out_has_the_vendors_default(
    api: ApiUnderTest, sent: dict[str, Any], transport: str, port: int
) -> None:
    body = {name: value for name, value in BODY.items() if name not in ("transport", "port")} | sent
    answer = await api.client.post(URL, json=body)
    data = answer.json()["data"]
    assert (data["transport"], data["port"]) == (transport, port)
    stored = api.store.trunk(UUID(data["id"]))
    assert stored.gateways[0].port == sent.get("port")


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("name", "", "at least 1 character"),
        ("name", "x" * 256, "at most 255 characters"),
        ("name", "a\x00b", "holds a NUL"),
        ("name", "a\x07b", "control character"),
        ("name", "\ud800", "half of a surrogate pair"),
        ("name", 5, "must be text"),
        ("name", None, "must be text"),
        ("provider_name", "  ", "no character that can be seen"),
        ("domain", "sip.carrier.example:5060", "without the port"),
        ("domain", "sip:carrier.example", "without sip: before it"),
        ("domain", "user@carrier.example", "user part"),
        ("domain", "a b", "space"),
        ("domain", "-", "cannot be used"),
        ("username", "a\r\nVia: x", "control character"),
        ("password", "", "at least 1"),
        ("password", 5, "must be text"),
        ("port", 0, "must be at least 1"),
        ("port", 65536, "must be at most 65535"),
        ("port", "5060", "must be a whole number"),
        ("port", True, "must be a whole number"),
        ("port", 50.5, "must be a whole number"),
        ("transport", "sctp", "must be one of: udp, tcp, tls"),
        ("transport", "UDP", "must be one of: udp, tcp, tls"),
        ("outbound_proxy", "proxy:x", "a port is a number"),
        ("auth_realm", "", "at least 1 character"),
        ("is_active", "yes", "must be true or false"),
    ],
)
async def test_a_wrong_field_is_named(client: httpx.AsyncClient, field: str, value: Any, told: str) -> None:
    answer = await client.post(
        URL, content=json.dumps(BODY | {field: value}), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422, answer.text
    body = answer.json()
    assert (body["success"], body["code"]) == (False, "VALIDATION_ERROR")
    assert list(body["errors"]) == [field]
    (text,) = body["errors"][field]
    assert told in text
    assert text.endswith(".")
    assert PASSWORD not in answer.text


async def test_all_wrong_fields_are_named_at_once(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        URL, json={"name": "", "domain": "a b", "port": 0, "transport": "sctp", "is_active": True}
    )
    body = answer.json()
    assert (answer.status_code, body["code"]) == (422, "VALIDATION_ERROR")
    assert set(body["errors"]) == {
        "name",
        "provider_name",
        "domain",
        "username",
        "password",
        "port",
        "transport",
        "is_active",
    }


async def test_unknown_fields_are_ignored(client: httpx.AsyncClient) -> None:
    answer = await client.post(URL, json=BODY | {"codec": "opus"})
    assert answer.status_code == 201


async def test_a_new_trunk_cannot_be_active(client: httpx.AsyncClient) -> None:
    answer = await client.post(URL, json=BODY | {"is_active": True})
    assert answer.status_code == 422
    assert answer.json()["code"] == "TRUNK_NOT_VERIFIED"
    assert list(answer.json()["errors"]) == ["is_active"]


async def test_a_plan_without_custom_trunks_is_refused(api: ApiUnderTest) -> None:
    token = api.forbid_custom_trunks()
    answer = await api.client.post(URL, json=BODY, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403
    assert answer.json() == {
        "success": False,
        "message": "This plan does not include custom SIP trunks.",
        "code": "CUSTOM_SIP_TRUNKS_NOT_ALLOWED",
    }


@pytest.mark.parametrize("content", [b"{", b"", b"\xff\xfe", b'{"name": "\xff"}', b"[" * 100_000, b"nope"])
async def test_what_is_no_json_is_400_or_missing(client: httpx.AsyncClient, content: bytes) -> None:
    answer = await client.post(URL, content=content, headers={"Content-Type": "application/json"})
    body = answer.json()
    expected = (422, "VALIDATION_ERROR") if content == b"" else (400, "INVALID_JSON")
    assert (answer.status_code, body["code"]) == expected
    assert body["success"] is False


@pytest.mark.parametrize("content", [b"[]", b"5", b'"x"', b"null"])
async def test_json_that_is_no_object_is_invalid(client: httpx.AsyncClient, content: bytes) -> None:
    answer = await client.post(URL, content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert list(answer.json()["errors"]) == ["body"]


async def test_a_body_over_one_mebibyte_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post(URL, json=BODY | {"name": "x" * 1024 * 1024})
    assert answer.status_code == 413
    assert answer.json() == {
        "success": False,
        "message": "The body is larger than 1 MiB.",
        "code": "BODY_TOO_LARGE",
    }


async def test_a_body_that_turns_out_to_be_too_large_is_refused(client: httpx.AsyncClient) -> None:
    async def chunks() -> Any:
        for _ in range(20):
            yield b" " * 65536

    answer = await client.post(URL, content=chunks(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")
