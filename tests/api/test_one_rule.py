"""A rule belongs to the trunk that results, whichever dialect writes it.

Source: docs/design/dialects.md, "One rule, three dialects".
"""

from typing import Any

import httpx
import pytest
from sqlalchemy import update

from sipcheck.target import HostPort
from tests.api.client import BODY, ApiUnderTest
from tests.trunks.forms import PASSWORD
from trunks.installation.settings import Settings
from trunks.models.trunk_profile import TrunkProfileRow

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
BY_EGRESS = EXTENSION | {"outbound_proxy": True}
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
TWO = USERPASS | {
    "gateways": [
        {"gateway_address": "a.carrier.example"},
        {"gateway_address": "b.carrier.example", "priority": 2},
    ]
}
# One host by two ports, and by the port of TLS over UDP.
TWO_PORTS = USERPASS | {
    "gateways": [
        {"gateway_address": "a.example", "port": 5060},
        {"gateway_address": "a.example", "port": 5070, "priority": 2},
    ]
}
TLS_PORT = USERPASS | {
    "gateways": [
        {"gateway_address": "a.example"},
        {"gateway_address": "a.example", "port": 5061, "priority": 2},
    ]
}
SDES = USERPASS | {"transport": "transport-tls", "media_encryption": "sdes"}
TO_USERPASS = {"auth_type": "userpass", "auth_username": "user_42", "auth_password": PASSWORD}
HALVES = ["0.0.0.0/1", "128.0.0.0/1"]
UNICAST = ["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3"]


@pytest.fixture
def store_settings_of_api(store_settings: Settings) -> Settings:
    """Have a fixed egress, so that it may be wished for."""
    return store_settings.model_copy(
        update={"verify_wait_seconds": 2.0, "fixed_egress": HostPort("203.0.113.99", 5060)}
    )


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
    (BOLNA, USERPASS | {"ip_identifiers": addresses("203.0.113.10")}, "ip_identifiers"),
    (BOLNA, TLS_PORT | {"transport": "transport-tls"}, "gateways"),
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
    (BOLNA, USERPASS, BOLNA, {"ip_identifiers": addresses("203.0.113.10")}, "ip_identifiers"),
    (TALKOVER, BODY, BOLNA, {"ip_identifiers": addresses("203.0.113.10")}, "ip_identifiers"),
    (AUTOCALLS, EXTENSION, BOLNA, {"ip_identifiers": addresses("203.0.113.10")}, "ip_identifiers"),
    (AUTOCALLS, EXTENSION, AUTOCALLS, {"allowed_inbound_ips": ["203.0.113.10"]}, "allowed_inbound_ips"),
    (BOLNA, IP_BASED, BOLNA, TO_USERPASS | {"ip_identifiers": addresses("192.0.2.9")}, "ip_identifiers"),
    (BOLNA, TWO, TALKOVER, {"domain": "b.carrier.example"}, "domain"),
    (BOLNA, TWO, TALKOVER, {"domain": "B.Carrier.example", "port": 5060}, "domain"),
    (BOLNA, TWO, AUTOCALLS, {"sip_address": "b.carrier.example"}, "sip_address"),
    (BOLNA, TWO_PORTS, TALKOVER, {"port": 5070}, "domain"),
    (BOLNA, TLS_PORT, TALKOVER, {"transport": "tls"}, "domain"),
    (BOLNA, TLS_PORT, BOLNA, {"transport": "transport-tls"}, "gateways"),
    (
        TALKOVER,
        BODY | {"outbound_proxy": "proxy.example"},
        AUTOCALLS,
        {"outbound_proxy": True},
        "outbound_proxy",
    ),
    (AUTOCALLS, BY_EGRESS, TALKOVER, {"outbound_proxy": "proxy.example:5070"}, "outbound_proxy"),
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


# What is said of each: the value, the fault and the mend.
SAID: list[tuple[str, dict[str, Any], str, dict[str, Any], tuple[str, ...]]] = [
    (
        BOLNA,
        TWO,
        TALKOVER,
        {"domain": "b.carrier.example"},
        ("b.carrier.example:5060", "twice", "give another host"),
    ),
    (
        BOLNA,
        TWO,
        AUTOCALLS,
        {"sip_address": "b.carrier.example"},
        ("b.carrier.example:5060", "twice", "give another"),
    ),
    (
        BOLNA,
        TLS_PORT,
        BOLNA,
        {"transport": "transport-tls"},
        ("a.example:5061", "twice", "give another host or port"),
    ),
    (
        AUTOCALLS,
        BY_EGRESS,
        TALKOVER,
        {"outbound_proxy": "proxy.example:5070"},
        ("proxy.example:5070", "fixed address", "take one of them away"),
    ),
    (
        TALKOVER,
        BODY | {"outbound_proxy": "proxy.example"},
        AUTOCALLS,
        {"outbound_proxy": True},
        ("proxy.example", "fixed address", "take one of them away"),
    ),
    (
        BOLNA,
        USERPASS,
        BOLNA,
        {"ip_identifiers": addresses("203.0.113.10")},
        ("203.0.113.10", "nothing would look at", "leave the list out"),
    ),
]


async def test_a_contradiction_is_told_with_its_value_and_its_mend(
    api: ApiUnderTest, subtests: pytest.Subtests
) -> None:
    for made_in, body, written_in, change, said in SAID:
        trunk = await make(api, made_in, body)
        answer = await trunk.write(written_in, change)
        with subtests.test(written_in, change=change):
            (faults,) = answer.json()["errors"].values()
            assert all(each in faults[0] for each in said), faults
        await trunk.remove()


async def test_one_way_out_takes_the_place_of_the_other(api: ApiUnderTest) -> None:
    trunk = await make(api, AUTOCALLS, BY_EGRESS)
    assert (await trunk.write(AUTOCALLS, {"outbound_proxy": False})).status_code == 200
    assert (await trunk.write(TALKOVER, {"outbound_proxy": "proxy.example"})).status_code == 200
    assert (await trunk.write(AUTOCALLS, {"outbound_proxy": True})).status_code == 422
    assert (await trunk.write(TALKOVER, {"outbound_proxy": None})).status_code == 200
    assert (await trunk.write(AUTOCALLS, {"outbound_proxy": True})).status_code == 200


async def test_an_allow_list_goes_with_the_change_to_a_password(
    api: ApiUnderTest, subtests: pytest.Subtests
) -> None:
    back = {BOLNA: {"auth_type": "ip-based"}, AUTOCALLS: {"inbound_authorization_type": "ip"}}
    for made_in, body, written_in, change in (
        (BOLNA, IP_BASED, BOLNA, TO_USERPASS),
        (BOLNA, IP_BASED, BOLNA, {**IP_BASED, **TO_USERPASS}),
        (AUTOCALLS, BY_IP, AUTOCALLS, {"inbound_authorization_type": "auth"}),
    ):
        trunk = await make(api, made_in, body)
        assert (await trunk.write(BOLNA, {"inbound_enabled": True})).status_code == 200
        assert (await trunk.shown(BOLNA))["inbound_warnings"]
        assert (await trunk.write(written_in, change)).status_code == 200
        with subtests.test(written_in, change=change):
            shown = await trunk.shown(BOLNA)
            assert (shown["auth_type"], shown["ip_identifiers"]) == ("userpass", [])
            shown = await trunk.shown(AUTOCALLS)
            assert (shown["inbound_authorization_type"], shown["allowed_inbound_ips"]) == ("auth", None)
            assert shown["inbound_warnings"] == []
        for dialect, asked in back.items():
            with subtests.test("The former list does not come back.", dialect=dialect):
                assert (await trunk.write(dialect, asked)).status_code in (400, 422)
        await trunk.remove()


async def test_a_list_that_a_former_version_kept_beside_a_password_is_no_list(api: ApiUnderTest) -> None:
    trunk = await make(api, BOLNA, USERPASS | {"inbound_enabled": True})
    with api.store.installation.database.write() as session:
        session.execute(update(TrunkProfileRow).values(allowed_addresses=["203.0.113.10"]))
    assert (await trunk.shown(BOLNA))["ip_identifiers"] == []
    assert (await trunk.shown(AUTOCALLS))["allowed_inbound_ips"] is None
    for dialect, change in (
        (BOLNA, {"description": "changed"}),
        (TALKOVER, {"name": "Changed"}),
        (AUTOCALLS, {"nickname": "Changed again"}),
    ):
        assert (await trunk.write(dialect, change)).status_code == 200
    for dialect, asked in (
        (BOLNA, {"auth_type": "ip-based"}),
        (AUTOCALLS, {"inbound_authorization_type": "ip"}),
    ):
        assert (await trunk.write(dialect, asked)).status_code in (400, 422)
    listed = {"auth_type": "ip-based", "ip_identifiers": addresses("192.0.2.9")}
    assert (await trunk.write(BOLNA, listed)).json()["ip_identifiers"] == addresses("192.0.2.9")
