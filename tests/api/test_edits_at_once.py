"""Two edits of one trunk at once: the later one is judged on what the other one made, in whichever dialect."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.client import ApiUnderTest
from tests.api.meeting import Meeting
from tests.trunks.forms import PASSWORD
from trunks.catalog.update import TrunkUpdates
from trunks.catalog.views import TrunkView

TALKOVER, BOLNA = "/api/v1/sip-trunks", "/sip-trunks/trunks"
AUTOCALLS = "/api/user/phone-numbers/sip-trunks"

USERPASS: dict[str, Any] = {
    "name": "Mumbai carrier",
    "provider": "carrier-x",
    "auth_type": "userpass",
    "auth_username": "user_42",
    "auth_password": PASSWORD,
    "gateways": [{"gateway_address": "sip.carrier.example"}],
    "transport": "transport-tls",
}
BY_IP: dict[str, Any] = {
    "sip_trunk_type": "number",
    "phone_number": "+14155551234",
    "sip_username": "trunk_user",
    "sip_password": PASSWORD,
    "sip_address": "sip.provider.com",
    "sip_calling_format": "e164",
    "inbound_authorization_type": "ip",
    "allowed_inbound_ips": ["203.0.113.10"],
    "country_code": "US",
}
BY_PASSWORD = {**BY_IP, "inbound_authorization_type": "auth", "allowed_inbound_ips": None}
IP = "203.0.113.77"


@dataclass(frozen=True)
class Edit:
    """A change in a dialect's words."""

    url: str
    change: dict[str, Any] = field(hash=False)

    async def send(self, api: ApiUnderTest, view: TrunkView) -> httpx.Response:
        method = "PUT" if self.url == AUTOCALLS else "PATCH"
        row_id = view.serial if self.url == AUTOCALLS else view.id
        return await api.client.request(method, f"{self.url}/{row_id}", json=self.change)


def autocalls(**change: Any) -> Edit:
    return Edit(AUTOCALLS, change)


def bolna(**change: Any) -> Edit:
    return Edit(BOLNA, change)


def talkover(**change: Any) -> Edit:
    return Edit(TALKOVER, change)


@dataclass(frozen=True)
class Pair:
    """Two edits of a trunk that each may be done alone; `holds` is what no order of the two can break."""

    body: dict[str, Any] = field(hash=False)
    edits: tuple[Edit, Edit]
    holds: Callable[[TrunkView], bool]
    both: bool = False


def keys_are_hidden(view: TrunkView) -> bool:
    return view.profile.media_encryption == "no" or view.trunk.gateways[0].transport == "tls"


def somebody_may_call_in(view: TrunkView) -> bool:
    if view.profile.authorization == "ip":
        return bool(view.profile.allowed_addresses)
    return not view.profile.allowed_addresses


PAIRS = {
    "sdes beside udp": Pair(
        USERPASS, (bolna(media_encryption="sdes"), bolna(transport="transport-udp")), keys_are_hidden
    ),
    "sdes beside udp, talkover": Pair(
        USERPASS, (bolna(media_encryption="sdes"), talkover(transport="udp")), keys_are_hidden
    ),
    "ip with a list beside no list, bolna": Pair(
        BY_PASSWORD,
        (
            autocalls(inbound_authorization_type="ip", allowed_inbound_ips=[IP]),
            bolna(ip_identifiers=[]),
        ),
        somebody_may_call_in,
    ),
    "ip without a user beside auth, autocalls": Pair(
        USERPASS,
        (
            bolna(auth_type="ip-based", ip_identifiers=[{"ip_address": IP}]),
            autocalls(inbound_authorization_type="auth", sip_calling_format="national"),
        ),
        lambda view: view.profile.authorization == "ip" or view.trunk.sealed_password is not None,
    ),
    "ip beside auth": Pair(
        BY_IP,
        (autocalls(inbound_authorization_type="ip"), autocalls(inbound_authorization_type="auth")),
        somebody_may_call_in,
    ),
    "a list beside auth": Pair(
        BY_IP,
        # With auth there is no list to give: the later one of the two is refused, or clears it.
        (autocalls(allowed_inbound_ips=[IP]), autocalls(inbound_authorization_type="auth")),
        somebody_may_call_in,
    ),
    "a transport beside gateways": Pair(
        USERPASS,
        (bolna(transport="transport-tcp"), bolna(gateways=[{"gateway_address": "second.example"}])),
        lambda view: (
            (view.trunk.gateways[0].host, view.trunk.gateways[0].transport) == ("second.example", "tcp")
        ),
        both=True,
    ),
    "a line's kind beside its number": Pair(
        BY_IP,
        (
            autocalls(sip_trunk_type="extension", phone_number="1000"),
            autocalls(phone_number="+14155559999"),
        ),
        lambda view: (view.profile.extension is None) is bool(view.numbers),
        both=True,
    ),
}


@pytest.fixture
def meeting(monkeypatch: pytest.MonkeyPatch) -> Meeting:
    return Meeting(monkeypatch, TrunkUpdates, "apply")


async def make(api: ApiUnderTest, body: dict[str, Any], **change: Any) -> UUID:
    """Enter a trunk in the dialect that its body is of, and give its id."""
    url = AUTOCALLS if "sip_address" in body else BOLNA
    answer = await api.client.post(url, json=body | change)
    assert answer.status_code == 201, answer.text
    data = answer.json() if url == BOLNA else answer.json()["data"]
    views = api.store.installation.catalog.views
    return views.id_of(api.store.caller, data["id"]) if url == AUTOCALLS else UUID(data["id"])


async def remove(api: ApiUnderTest, trunk_id: UUID) -> None:
    assert (await api.client.delete(f"{BOLNA}/{trunk_id}")).status_code == 200


async def test_what_results_is_judged_and_not_what_each_one_saw(
    api: ApiUnderTest, meeting: Meeting, subtests: pytest.Subtests
) -> None:
    views = api.store.installation.catalog.views
    for name, pair in PAIRS.items():
        trunk_id = await make(api, pair.body)
        before = views.get(api.store.caller, trunk_id)
        meeting.expect(2)
        answers = await asyncio.gather(*(edit.send(api, before) for edit in pair.edits))
        with subtests.test(name):
            statuses = sorted(answer.status_code for answer in answers)
            assert statuses[0] == 200, [answer.text for answer in answers]
            assert (statuses[1] == 200) if pair.both else (400 <= statuses[1] < 500 or statuses[1] == 200)
            assert pair.holds(views.get(api.store.caller, trunk_id))
        await remove(api, trunk_id)


async def test_a_name_is_given_to_one_of_two_trunks(api: ApiUnderTest, meeting: Meeting) -> None:
    views = api.store.installation.catalog.views
    trunks = [
        views.get(api.store.caller, await make(api, USERPASS, name=name)) for name in ("First", "Second")
    ]
    meeting.expect(2)
    answers = await asyncio.gather(*(bolna(name="Third").send(api, view) for view in trunks))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    names = {views.get(api.store.caller, view.id).trunk.name for view in trunks}
    assert "Third" in names
    assert len(names) == 2


async def test_a_line_is_that_of_one_of_two_trunks(api: ApiUnderTest, meeting: Meeting) -> None:
    views = api.store.installation.catalog.views
    lines = [{"sip_trunk_type": "extension", "phone_number": number} for number in ("1001", "1002")]
    trunks = [views.get(api.store.caller, await make(api, BY_PASSWORD, **line)) for line in lines]
    meeting.expect(2)
    answers = await asyncio.gather(*(autocalls(phone_number="1003").send(api, view) for view in trunks))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    shown = {views.get(api.store.caller, view.id).profile.extension for view in trunks}
    assert "1003" in shown
    assert len(shown) == 2
