"""A rule belongs to the trunk that results, whichever dialect writes it.

Source: docs/design/dialects.md, "One rule, three dialects".
"""

from typing import Any

import httpx
import pytest

from tests.api.client import BODY, ApiUnderTest
from tests.trunks.forms import PASSWORD

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

TALKOVER = "/api/v1/sip-trunks"
AUTOCALLS = "/api/user/phone-numbers/sip-trunks"
BOLNA = "/sip-trunks/trunks"

EXTENSION: dict[str, Any] = {
    "sip_trunk_type": "extension",
    "phone_number": "1000",
    "sip_username": "myuser",
    "sip_password": PASSWORD,
    "sip_address": "sip.provider.example",
    "sip_calling_format": "+e164",
    "inbound_authorization_type": "auth",
    "country_code": "US",
}
BY_IP = EXTENSION | {"inbound_authorization_type": "ip", "allowed_inbound_ips": ["203.0.113.10"]}
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
    "gateways": [{"gateway_address": "198.51.100.1"}],
}
SDES = USERPASS | {"transport": "transport-tls", "media_encryption": "sdes"}
HALVES = ["0.0.0.0/1", "128.0.0.0/1"]
UNICAST = ["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3"]


def addresses(*entries: str) -> list[dict[str, str]]:
    return [{"ip_address": each} for each in entries]


class Trunk:
    """A trunk as each dialect knows it."""

    def __init__(self, api: ApiUnderTest, urls: dict[str, str]) -> None:
        self._api = api
        self._urls = urls

    async def write(self, dialect: str, change: dict[str, Any]) -> httpx.Response:
        method = "PATCH" if dialect == BOLNA else "PUT"
        return await self._api.client.request(method, self._urls[dialect], json=change)

    async def shown(self, dialect: str) -> dict[str, Any]:
        answer = (await self._api.client.get(self._urls[dialect])).json()
        shown: dict[str, Any] = answer.get("data", answer)
        return shown

    async def remove(self) -> None:
        assert (await self._api.client.delete(self._urls[BOLNA])).status_code == 200


async def make(api: ApiUnderTest, dialect: str, body: dict[str, Any]) -> Trunk:
    """Enter the environment's only trunk."""
    made = await api.client.post(dialect, json=body)
    assert made.status_code == 201, made.text
    urls = {}
    for each in (TALKOVER, AUTOCALLS, BOLNA):
        listed = (await api.client.get(each)).json()
        (trunk,) = listed if isinstance(listed, list) else listed["data"]
        urls[each] = f"{each}/{trunk['id']}"
    return Trunk(api, urls)


CONTRADICTIONS: list[tuple[str, dict[str, Any], str]] = [
    (AUTOCALLS, BY_IP | {"allowed_inbound_ips": HALVES}, "allowed_inbound_ips"),
    (AUTOCALLS, BY_IP | {"allowed_inbound_ips": UNICAST}, "allowed_inbound_ips"),
    (AUTOCALLS, BY_IP | {"allowed_inbound_ips": ["2000::/3"]}, "allowed_inbound_ips"),
    (AUTOCALLS, BY_IP | {"allowed_inbound_ips": []}, "allowed_inbound_ips"),
    (AUTOCALLS, BY_IP | {"allowed_inbound_ips": None}, "allowed_inbound_ips"),
    (BOLNA, IP_BASED | {"ip_identifiers": addresses(*HALVES)}, "ip_identifiers"),
    (BOLNA, IP_BASED | {"ip_identifiers": addresses(*UNICAST)}, "ip_identifiers"),
    (BOLNA, IP_BASED | {"ip_identifiers": []}, "ip_identifiers"),
    (BOLNA, IP_BASED | {"ip_identifiers": None}, "ip_identifiers"),
    (BOLNA, USERPASS | {"media_encryption": "sdes"}, "media_encryption"),
    (BOLNA, USERPASS | {"media_encryption": "sdes", "transport": None}, "media_encryption"),
]


async def test_what_contradicts_itself_is_not_entered(api: ApiUnderTest, subtests: pytest.Subtests) -> None:
    for dialect, body, field in CONTRADICTIONS:
        answer = await api.client.post(dialect, json=body)
        with subtests.test(field, body=body):
            assert answer.status_code in (400, 422), answer.text
            assert list(answer.json()["errors"]) == [field]


# Where a trunk is made, and where it is written.
CHANGES: list[tuple[str, dict[str, Any], str, dict[str, Any], str]] = [
    (BOLNA, IP_BASED, BOLNA, {"ip_identifiers": []}, "ip_identifiers"),
    (BOLNA, IP_BASED, BOLNA, {"ip_identifiers": addresses(*HALVES)}, "ip_identifiers"),
    (BOLNA, IP_BASED, BOLNA, {"auth_type": "userpass"}, "auth_username"),
    (BOLNA, IP_BASED, AUTOCALLS, {"allowed_inbound_ips": HALVES}, "allowed_inbound_ips"),
    (BOLNA, IP_BASED, AUTOCALLS, {"allowed_inbound_ips": []}, "allowed_inbound_ips"),
    (BOLNA, IP_BASED, AUTOCALLS, {"inbound_authorization_type": "auth"}, "sip_username"),
    (AUTOCALLS, BY_IP, AUTOCALLS, {"allowed_inbound_ips": HALVES}, "allowed_inbound_ips"),
    (AUTOCALLS, BY_IP, AUTOCALLS, {"allowed_inbound_ips": []}, "allowed_inbound_ips"),
    (AUTOCALLS, BY_IP, BOLNA, {"ip_identifiers": []}, "ip_identifiers"),
    (AUTOCALLS, BY_IP, BOLNA, {"ip_identifiers": addresses(*HALVES)}, "ip_identifiers"),
    (AUTOCALLS, BY_IP, BOLNA, {"ip_identifiers": addresses(*UNICAST)}, "ip_identifiers"),
    (AUTOCALLS, EXTENSION, AUTOCALLS, {"inbound_authorization_type": "ip"}, "allowed_inbound_ips"),
    (AUTOCALLS, EXTENSION, BOLNA, {"auth_type": "ip-based"}, "ip_identifiers"),
    (AUTOCALLS, EXTENSION, BOLNA, {"media_encryption": "sdes"}, "media_encryption"),
    (TALKOVER, BODY, BOLNA, {"auth_type": "ip-based"}, "ip_identifiers"),
    (TALKOVER, BODY | {"transport": "udp"}, BOLNA, {"media_encryption": "sdes"}, "media_encryption"),
    (BOLNA, SDES, BOLNA, {"transport": "transport-udp"}, "media_encryption"),
    (BOLNA, SDES, TALKOVER, {"transport": "udp"}, "transport"),
    (BOLNA, SDES, TALKOVER, {"transport": "tcp", "port": 5070}, "transport"),
]


async def test_no_dialect_makes_a_trunk_contradict_itself(
    api: ApiUnderTest, subtests: pytest.Subtests
) -> None:
    for made_in, body, written_in, change, field in CHANGES:
        trunk = await make(api, made_in, body)
        before = await trunk.shown(BOLNA)
        answer = await trunk.write(written_in, change)
        with subtests.test(field, body=body, change=change):
            assert answer.status_code in (400, 422), answer.text
            assert field in answer.json()["errors"], answer.text
            assert await trunk.shown(BOLNA) == before
        await trunk.remove()
