"""How a trunk of each dialect is connected, and who may call in over all tenants."""

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from typer.testing import CliRunner

from sipcheck.reasons import WarningCode
from sipcheck.report.model import ReportWarning
from tests.api.client import BODY, ApiUnderTest
from tests.api.test_one_rule import AUTOCALLS, BOLNA, BY_IP, EXTENSION, IP_BASED, TALKOVER
from tests.trunks.forms import make_report, with_edge
from trunkd.main import app
from trunks.installation.settings import Settings
from trunks.rules.connection_details import (
    AT_LEAST_THESE,
    CALL_UNCHALLENGED,
    CALLS_UNKNOWN,
    FROM_HOST,
    SHARED_ADDRESSES,
)

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)


@pytest.fixture
def store_settings_of_api(request: pytest.FixtureRequest, store_settings: Settings) -> Settings:
    return store_settings.model_copy(update=getattr(request, "param", {}))


CONFIGURED: dict[str, Any] = {
    "sip_advertised_address": "198.51.100.5",
    "call_addresses": ("198.51.100.6", "198.51.100.7"),
    "media_networks": (ip_network("198.51.100.64/28"),),
    "inbound_uri": "sip:sip.platform.example;transport=tls",
}


async def details(api: ApiUnderTest, trunk_id: str) -> dict[str, Any]:
    answer = await api.client.get(f"{TALKOVER}/{trunk_id}/connection-details")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()["data"]
    return shown


@pytest.mark.parametrize("store_settings_of_api", [CONFIGURED], indirect=True)
async def test_a_trunk_of_each_dialect_is_told_what_the_operator_configured(api: ApiUnderTest) -> None:
    for url, body in ((TALKOVER, BODY), (AUTOCALLS, EXTENSION), (BOLNA, IP_BASED)):
        assert (await api.client.post(url, json=body)).status_code == 201
    listed = (await api.client.get(TALKOVER)).json()["data"]
    shown = {each["name"]: await details(api, each["id"]) for each in listed}
    for each in shown.values():
        assert each["check_addresses"] == [{"address": "198.51.100.5", "measured_at": None}]
        assert [known["address"] for known in each["call_addresses"]] == ["198.51.100.6", "198.51.100.7"]
        assert each["media_networks"] == ["198.51.100.64/28"]
        assert (each["inbound_uri"], each["transports"], each["ports"]) == (
            CONFIGURED["inbound_uri"],
            ["tls"],
            [5061],
        )
        assert (each["codecs"], each["encryption"]) == (["PCMU/8000", "PCMA/8000"], "disable")
        assert each["warnings"][0] == SHARED_ADDRESSES
        assert AT_LEAST_THESE not in each["warnings"]
    assert (shown["1000"]["inbound_number"], shown["1000"]["number_forms"]) == ("1000", ["1000", "+1000"])
    assert FROM_HOST in shown[IP_BASED["name"]]["warnings"]
    assert FROM_HOST not in shown[BODY["name"]]["warnings"]


async def test_what_was_measured_is_told_with_its_time(api: ApiUnderTest) -> None:
    trunk = await api.create()
    before = await details(api, trunk["id"])
    assert (before["check_addresses"], before["call_addresses"], before["inbound_uri"]) == ([], [], None)
    assert CALLS_UNKNOWN in before["warnings"]
    report = with_edge(make_report(), 200)
    for seen, known in (("8.8.4.4:5060", ["8.8.4.4"]), ("192.168.1.2:5060", [])):
        edge = replace(report.edges[0], received_address=seen, server="FPBX-16.0.40(20.5.2)")
        await api.verified(trunk["id"], replace(report, edges=(edge,)))
        shown = await details(api, trunk["id"])
        assert [each["address"] for each in shown["check_addresses"]] == known
        assert all(each["measured_at"] is not None for each in shown["check_addresses"])
        assert (AT_LEAST_THESE in shown["warnings"]) == bool(known)
        assert ("8.8.4.4 as Trusted in Connectivity, Firewall" in (shown["ban_exemption"] or "")) == bool(
            known
        )


async def test_who_enters_an_allow_list_is_told_what_it_is_worth(api: ApiUnderTest) -> None:
    """In the answers of creation and change, whichever dialect asks."""
    listed = BY_IP | {"phone_number": "1001"}
    by_list = (await api.client.post(AUTOCALLS, json=listed)).json()["data"]
    taken = await api.client.post(BOLNA, json=IP_BASED | {"inbound_enabled": True})
    ids = {each["name"]: each["id"] for each in (await api.client.get(TALKOVER)).json()["data"]}
    of_autocalls = f"{AUTOCALLS}/{by_list['id']}"
    shown = [
        by_list,
        taken.json(),
        (await api.client.put(of_autocalls, json={"nickname": "Main"})).json()["data"],
        (await api.client.patch(f"{BOLNA}/{taken.json()['id']}", json={"description": "Main"})).json(),
        (await api.client.put(f"{TALKOVER}/{ids['1001']}", json={"name": "Main"})).json()["data"],
        (await api.client.get(f"{TALKOVER}/{ids['1001']}")).json()["data"],
    ]
    assert [each["inbound_warnings"] for each in shown] == [[FROM_HOST]] * len(shown)
    # Where nobody calls in, or only by a password, there is nothing to say.
    closed = await api.client.patch(f"{BOLNA}/{taken.json()['id']}", json={"inbound_enabled": False})
    by_password = await api.client.put(of_autocalls, json={"inbound_authorization_type": "auth"})
    assert closed.json()["inbound_warnings"] == by_password.json()["data"]["inbound_warnings"] == []


async def test_a_carrier_that_lets_calls_through_unasked_is_told_of(api: ApiUnderTest) -> None:
    trunk = await api.create()
    warned = ReportWarning(WarningCode.CALL_UNCHALLENGED, "a call was let through (180 Ringing)", None)
    await api.verified(trunk["id"], replace(make_report(), warnings=(warned,)))
    assert CALL_UNCHALLENGED in (await details(api, trunk["id"]))["warnings"]
    await api.verified(trunk["id"])
    assert CALL_UNCHALLENGED not in (await details(api, trunk["id"]))["warnings"]


WIDE = ["203.0.0.0/12"]


@pytest.mark.parametrize(
    ("store_settings_of_api", "status"),
    [({}, 422), ({"allow_wide_lists": True}, 201)],
    indirect=["store_settings_of_api"],
)
async def test_a_list_that_is_wider_than_a_carrier_needs_the_operators_word(
    api: ApiUnderTest, status: int
) -> None:
    answer = await api.client.post(AUTOCALLS, json=BY_IP | {"allowed_inbound_ips": WIDE})
    assert answer.status_code == status, answer.text
    if status == 422:
        assert "203.0.0.0/12" in answer.json()["errors"]["allowed_inbound_ips"][0]
        narrow = await api.client.post(AUTOCALLS, json=BY_IP)
        url = f"{AUTOCALLS}/{narrow.json()['data']['id']}"
        assert (await api.client.put(url, json={"allowed_inbound_ips": WIDE})).status_code == 422
        bolna = IP_BASED | {"ip_identifiers": [{"ip_address": "2001:db8::/31"}]}
        assert (await api.client.post(BOLNA, json=bolna)).status_code == 400


async def test_the_operators_list_says_whose_calls_it_would_drop(
    api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUNKS_DATA_DIR", str(api.store.installation.settings.data_dir))
    assert (await api.client.post(AUTOCALLS, json=BY_IP)).status_code == 201
    printed = CliRunner().invoke(app, ["allow-list", "--format", "plain"])
    assert (printed.exit_code, printed.output) == (0, "203.0.113.10/32\n"), printed.output
    assert (await api.client.post(AUTOCALLS, json=EXTENSION | {"phone_number": "1001"})).status_code == 201
    refused = CliRunner().invoke(app, ["allow-list"])
    assert refused.exit_code == 1
    assert "1 trunks have a password and no allow-list" in refused.output
    despite = CliRunner().invoke(app, ["allow-list", "--despite-password-trunks"])
    assert (despite.exit_code, "203.0.113.10/32" in despite.output) == (0, True)
