"""A line, which autocalls shows of a trunk: changed alone, never made twice, and not taken from whoever uses it."""

from typing import Any

import httpx
import pytest

from tests.api.client import BODY, ApiUnderTest
from tests.api.test_one_rule import AUTOCALLS, BOLNA, EXTENSION, TALKOVER, USERPASS

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

A, B, C, D = "+14155551231", "+14155551232", "+14155551233", "+442083661177"
NUMBER = EXTENSION | {"sip_trunk_type": "number", "phone_number": A}
ALREADY = {"error": "A SIP trunk with the same phone number, username, and address already exists."}


class Line:
    """A trunk with DIDs, as talkover and autocalls have it."""

    def __init__(self, api: ApiUnderTest, trunk_id: str, serial: int) -> None:
        self.api, self.id, self.serial = api, trunk_id, serial
        self.dids_url = f"{TALKOVER}/{trunk_id}/dids"

    async def add(self, *numbers: str) -> None:
        for number in numbers:
            body = {"country_code": "US", "number": number}
            assert (await self.api.client.post(self.dids_url, json=body)).status_code == 201

    async def dids(self) -> dict[str, dict[str, Any]]:
        """The DIDs by their numbers, in the order in which they are lines."""
        listed = (await self.api.client.get(self.dids_url)).json()["data"]
        return {each["number"]: each for each in reversed(listed)}

    async def assign(self, number: str) -> None:
        did_id = (await self.dids())[number]["id"]
        answer = await self.api.client.patch(f"{self.dids_url}/{did_id}", json={"assigned_to": "agent-7"})
        assert answer.status_code == 200

    async def write(self, dialect: str, change: dict[str, Any]) -> httpx.Response:
        url = f"{dialect}/{self.serial if dialect == AUTOCALLS else self.id}"
        return await self.api.client.request("PUT" if dialect == AUTOCALLS else "PATCH", url, json=change)

    async def put(self, **change: Any) -> httpx.Response:
        return await self.write(AUTOCALLS, change)

    async def delete(self) -> httpx.Response:
        return await self.api.client.delete(f"/api/user/phone-numbers/{self.serial}")

    async def shown(self) -> dict[str, Any]:
        data: dict[str, Any] = (await self.api.client.get(f"{AUTOCALLS}/{self.serial}")).json()["data"]
        return data


async def make(api: ApiUnderTest, body: dict[str, Any], *more: str, url: str = AUTOCALLS) -> Line:
    made = await api.client.post(url, json=body)
    assert made.status_code == 201, made.text
    trunk_id = (await api.client.get(TALKOVER)).json()["data"][0]["id"]
    serial = (await api.client.get(AUTOCALLS)).json()["data"][0]["id"]
    line = Line(api, trunk_id, serial)
    await line.add(*more)
    return line


async def test_what_creation_and_an_update_answer_is_what_a_get_shows(api: ApiUnderTest) -> None:
    made = (await api.client.post(AUTOCALLS, json=NUMBER)).json()["data"]
    line = Line(api, "", made["id"])
    assert made == await line.shown()
    assert (await line.put(nickname="Other")).json()["data"] == await line.shown()


REPLACED: list[tuple[dict[str, Any], list[str]]] = [
    ({"sip_trunk_type": "number"}, [A, B, C]),
    ({"sip_trunk_type": "number", "phone_number": A}, [A, B, C]),
    ({"phone_number": A, "nickname": "Main"}, [A, B, C]),
    ({"phone_number": D}, [D, B, C]),
    ({"phone_number": "2000", "sip_trunk_type": "extension"}, [B, C]),
]


async def test_only_the_line_that_is_shown_is_replaced(api: ApiUnderTest, subtests: pytest.Subtests) -> None:
    for change, dids in REPLACED:
        line = await make(api, NUMBER, B, C)
        before = await line.dids()
        answer = await line.put(**change)
        with subtests.test(change=change):
            assert answer.status_code == 200, answer.text
            assert answer.json()["data"]["phone_number"] == change.get("phone_number", A)
            after = await line.dids()
            assert list(after) == dids
            assert [after[each] for each in (B, C)] == [before[each] for each in (B, C)]
        await line.delete()


async def test_an_extension_becomes_a_number_beside_those_that_are_there(api: ApiUnderTest) -> None:
    line = await make(api, EXTENSION, B, C)
    data = (await line.put(sip_trunk_type="number", phone_number=D)).json()["data"]
    assert (data["phone_number"], data["country_code"]) == (D, "GB")
    assert list(await line.dids()) == [D, B, C]


async def test_another_number_of_the_same_trunk_is_taken(api: ApiUnderTest) -> None:
    line = await make(api, NUMBER, B, C)
    for number in (B, C):
        assert (await line.put(phone_number=number)).status_code == 409
    assert list(await line.dids()) == [A, B, C]


async def test_a_trunk_without_a_line_is_given_one(api: ApiUnderTest) -> None:
    line = await make(api, BODY, url=TALKOVER)
    assert (await line.shown())["phone_number"] is None
    assert (await line.put(sip_trunk_type="number", phone_number=A)).json()["data"]["phone_number"] == A
    assert (await line.put(phone_number=D)).json()["data"]["phone_number"] == D
    assert list(await line.dids()) == [D]


async def test_a_line_in_use_is_not_taken_away(api: ApiUnderTest) -> None:
    line = await make(api, NUMBER, B)
    await line.assign(A)
    for change in ({"phone_number": D}, {"phone_number": "2000", "sip_trunk_type": "extension"}):
        refused = await line.put(**change)
        assert (refused.status_code, list(refused.json())) == (409, ["error"])
    assert (await line.put(nickname="Other", phone_number=A)).status_code == 200
    assert list(await line.dids()) == [A, B]


async def test_a_name_that_follows_the_line_goes_on_following_it(api: ApiUnderTest) -> None:
    line = await make(api, NUMBER)
    await line.put(phone_number=D)
    named = (await api.client.get(f"{TALKOVER}/{line.id}")).json()["data"]["name"]
    assert (named, (await line.shown())["nickname"]) == (D, None)
    await api.client.put(f"{TALKOVER}/{line.id}", json={"name": "Ours"})
    await line.put(phone_number=A)
    assert (await api.client.get(f"{TALKOVER}/{line.id}")).json()["data"]["name"] == "Ours"


# What another trunk differs in, and the change that would make it the same line.
TWICE: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    ({"phone_number": "2000"}, AUTOCALLS, {"phone_number": "1000"}),
    ({"sip_username": "other"}, AUTOCALLS, {"sip_username": "myuser"}),
    ({"sip_address": "other.example"}, AUTOCALLS, {"sip_address": "SIP.provider.example."}),
    ({"sip_username": "other"}, TALKOVER, {"username": "myuser"}),
    ({"sip_address": "other.example"}, TALKOVER, {"domain": "sip.provider.example"}),
    ({"sip_username": "other"}, BOLNA, {"auth_username": "myuser"}),
    (
        {"sip_address": "other.example"},
        BOLNA,
        {"gateways": [{"gateway_address": "sip.provider.example"}]},
    ),
]


async def test_no_dialect_makes_a_line_twice(api: ApiUnderTest, subtests: pytest.Subtests) -> None:
    await make(api, EXTENSION)
    for other, dialect, change in TWICE:
        line = await make(api, EXTENSION | other)
        before = await line.shown()
        answer = await line.write(dialect, change)
        with subtests.test(dialect, change=change):
            assert answer.status_code == 409, answer.text
            assert dialect != AUTOCALLS or answer.json() == ALREADY
            assert await line.shown() == before
        await line.delete()


async def test_creating_a_line_twice_by_another_spelling_of_its_host_is_refused(api: ApiUnderTest) -> None:
    await make(api, EXTENSION)
    answer = await api.client.post(AUTOCALLS, json=EXTENSION | {"sip_address": "SIP.provider.example."})
    assert (answer.status_code, answer.json()) == (409, ALREADY)


async def test_a_trunk_whose_number_is_in_use_is_deleted_by_bolnas_cascade_alone(api: ApiUnderTest) -> None:
    line = await make(api, NUMBER, B)
    await line.assign(B)
    refused = await line.delete()
    assert (refused.status_code, list(refused.json())) == (409, ["error"])
    assert list(await line.dids()) == [A, B]
    assert (await api.client.delete(f"{TALKOVER}/{line.id}")).json()["code"] == "TRUNK_HAS_DIDS"
    gone = await api.client.delete(f"{BOLNA}/{line.id}")
    assert (gone.status_code, "2 phone number(s)" in gone.text) == (200, True)


async def test_bolnas_list_removes_no_number_that_it_does_not_show(api: ApiUnderTest) -> None:
    numbers = [{"phone_number": f"+9198765{n:05}"} for n in range(60)]
    line = await make(api, USERPASS | {"phone_numbers": numbers}, url=BOLNA)
    url = f"{BOLNA}/{line.id}"
    shown = (await api.client.get(url)).json()["phone_numbers"]
    answer = await api.client.patch(url, json={"phone_numbers": [*shown, {"phone_number": D}]})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["phone_numbers"])
    assert (await api.client.patch(url, json={"phone_numbers": [*numbers, {"phone_number": D}]})).is_success
    assert len(await line.dids()) == 61
    assert (await api.client.patch(url, json={"phone_numbers": []})).json()["phone_number_count"] == 0


# Gateways of a trunk over UDP, and their ports once it is over TLS.
PORTS: list[tuple[list[dict[str, Any]], list[int]]] = [
    ([{"gateway_address": "a.example"}], [5061]),
    ([{"gateway_address": "a.example", "port": 5060}], [5060]),
    ([{"gateway_address": "a.example", "port": 5070}, {"gateway_address": "b.example"}], [5070, 5061]),
]


@pytest.mark.parametrize("whole", [True, False])
async def test_a_port_never_given_follows_the_transport(
    api: ApiUnderTest, subtests: pytest.Subtests, whole: bool
) -> None:
    for gateways, ports in PORTS:
        for dialect, transport in ((BOLNA, "transport-tls"), (TALKOVER, "tls")):
            line = await make(api, USERPASS | {"gateways": gateways}, url=BOLNA)
            answer = (await api.client.get(f"{dialect}/{line.id}")).json() if whole else {}
            body = answer.get("data", answer) | {"transport": transport}
            assert (await line.write(dialect, body)).status_code == 200
            shown = (await api.client.get(f"{BOLNA}/{line.id}")).json()["gateways"]
            with subtests.test(dialect, gateways=gateways):
                # talkover changes the first alone.
                count = len(ports) if dialect == BOLNA else 1
                assert [each["port"] for each in shown][:count] == ports[:count]
            await line.delete()


async def test_credentials_for_a_trunk_by_address_are_not_dropped_silently(api: ApiUnderTest) -> None:
    by_address = USERPASS | {"auth_type": "ip-based", "ip_identifiers": [{"ip_address": "203.0.113.9"}]}
    answer = await api.client.post(BOLNA, json=by_address)
    assert (answer.status_code, sorted(answer.json()["errors"])) == (400, ["auth_password", "auth_username"])
    line = await make(api, by_address | {"auth_username": None, "auth_password": None}, url=BOLNA)
    for change in ({"auth_username": "user"}, {"auth_password": "secret"}):
        answer = await api.client.patch(f"{BOLNA}/{line.id}", json=change)
        assert (answer.status_code, list(answer.json()["errors"])) == (400, list(change))


async def test_an_allow_list_for_calls_by_password_is_not_dropped_silently(api: ApiUnderTest) -> None:
    addresses = {"allowed_inbound_ips": ["203.0.113.9"]}
    answer = await api.client.post(AUTOCALLS, json=EXTENSION | addresses)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["allowed_inbound_ips"])
    line = await make(api, EXTENSION | {"allowed_inbound_ips": []})
    assert (await line.put(**addresses)).status_code == 422
    assert (await line.put(allowed_inbound_ips=None)).status_code == 200
    assert (await line.put(inbound_authorization_type="ip", **addresses)).status_code == 200
