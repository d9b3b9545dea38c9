"""What is accepted without being meant, or refused without being named, in any dialect: said with the value."""

from typing import Any

import pytest

from tests.api.client import BODY, ApiUnderTest
from tests.api.test_one_rule import (
    AUTOCALLS,
    BOLNA,
    BY_IP,
    EXTENSION,
    IP_BASED,
    TALKOVER,
    USERPASS,
    addresses,
    make,
)
from tests.trunks.forms import make_report

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

LINE_END = "holds a control character, such as the line break at a file's end"
INVISIBLE = "has no character that can be seen"
TWICE = "holds one thing twice"
NUMBER = EXTENSION | {"sip_trunk_type": "number", "phone_number": "+14155551234"}


def gateways(*addresses: str | tuple[str, int]) -> dict[str, Any]:
    pairs = [each if isinstance(each, tuple) else (each, None) for each in addresses]
    return {
        "gateways": [
            {"gateway_address": host, "priority": number, **({} if port is None else {"port": port})}
            for number, (host, port) in enumerate(pairs, 1)
        ]
    }


def numbers(*texts: str) -> dict[str, Any]:
    return {"phone_numbers": [{"phone_number": text} for text in texts]}


# The dialect, what is written there, the field that is named and what is said of it. At creation and, but for what is
# marked, in an update.
ODD: list[tuple[str, dict[str, Any], str, str]] = [
    (TALKOVER, {"name": "Primary\n"}, "name", LINE_END),
    (TALKOVER, {"provider_name": "carrier-x\r\n"}, "provider_name", LINE_END),
    (TALKOVER, {"domain": "sip.carrier.example\n"}, "domain", LINE_END),
    (TALKOVER, {"username": "\tuser_42"}, "username", LINE_END),
    (TALKOVER, {"outbound_proxy": "proxy.example\n"}, "outbound_proxy", LINE_END),
    (TALKOVER, {"auth_realm": "realm\n"}, "auth_realm", LINE_END),
    (AUTOCALLS, {"nickname": "Main\n"}, "nickname", LINE_END),
    (AUTOCALLS, {"sip_username": "myuser\n"}, "sip_username", LINE_END),
    (AUTOCALLS, {"sip_address": "sip.provider.example\n"}, "sip_address", LINE_END),
    (AUTOCALLS, {"phone_number": "1000\n"}, "phone_number", LINE_END),
    (AUTOCALLS, NUMBER | {"phone_number": "+14155551234\n"}, "phone_number", LINE_END),
    (AUTOCALLS, BY_IP | {"allowed_inbound_ips": ["203.0.113.9\n"]}, "allowed_inbound_ips.0", LINE_END),
    (BOLNA, {"name": "Mumbai\n"}, "name", LINE_END),
    (BOLNA, {"auth_username": "user_42\n"}, "auth_username", LINE_END),
    (BOLNA, gateways("sip.carrier.example\n"), "gateways.0.gateway_address", LINE_END),
    (BOLNA, {"ip_identifiers": addresses("203.0.113.9\n")}, "ip_identifiers.0.ip_address", LINE_END),
    (BOLNA, {"allow": "ulaw\n"}, "allow", LINE_END),
    (BOLNA, numbers("+14155551234\n"), "phone_numbers.0.phone_number", LINE_END),
    (TALKOVER, {"name": "\u200b\u200d\u2060"}, "name", INVISIBLE),
    (TALKOVER, {"provider_name": "\u00a0\u3164\u2800"}, "provider_name", INVISIBLE),
    (AUTOCALLS, {"nickname": "\u200b\ufeff"}, "nickname", INVISIBLE),
    (AUTOCALLS, {"sip_username": "\u200b\u200b\u200b"}, "sip_username", INVISIBLE),
    (BOLNA, {"name": "\u202e\u200f"}, "name", INVISIBLE),
    (BOLNA, gateways("a.example", "A.EXAMPLE."), "gateways", TWICE),
    (
        BOLNA,
        gateways(("a.example", 5070), ("a.example", 5070)),
        "gateways",
        "a.example:5070 and a.example:5070",
    ),
    (
        BOLNA,
        numbers("919876543210", "+91 98765 43210"),
        "phone_numbers",
        "'919876543210' and '+91 98765 43210'",
    ),
    (
        TALKOVER,
        {"outbound_proxy": "::1:5060"},
        "outbound_proxy",
        "write [::1]:5060, or [::1:5060] without a port",
    ),
    (TALKOVER, {"domain": "2001:db8::1:5061"}, "domain", "[2001:db8::1]:5061"),
    (AUTOCALLS, {"sip_address": "::1:5060"}, "sip_address", "[::1]:5060"),
    (BOLNA, gateways("::1:5060"), "gateways.0.gateway_address", "[::1]:5060"),
]
BODIES = {TALKOVER: BODY, AUTOCALLS: EXTENSION, BOLNA: USERPASS}


async def told(api: ApiUnderTest, method: str, url: str, body: dict[str, Any]) -> dict[str, list[str]]:
    answer = await api.client.request(method, url, json=body)
    assert answer.status_code in (400, 422), (body, answer.text)
    errors: dict[str, list[str]] = answer.json()["errors"]
    return errors


async def test_what_nobody_means_is_refused_at_creation_and_in_an_update(api: ApiUnderTest) -> None:
    for dialect, body in BODIES.items():
        made = (await api.client.post(dialect, json=body)).json()
        row_id = made.get("data", made)["id"]
        for of, change, field, said in ODD:
            if of != dialect:
                continue
            for errors in (
                await told(api, "POST", dialect, body | {"name": "Another"} | change),
                await told(api, "PATCH" if dialect == BOLNA else "PUT", f"{dialect}/{row_id}", change),
            ):
                assert list(errors) == [field], (change, errors)
                assert said in errors[field][0], (change, errors)


async def test_spaces_around_and_joined_letters_are_no_fault(api: ApiUnderTest) -> None:
    made = await api.create(name="  \u0928\u094d\u200d\u092f Trunk 👩\u200d👩  ", outbound_proxy="[::1]:5060")
    assert made["name"] == "\u0928\u094d\u200d\u092f Trunk 👩\u200d👩"
    fine = USERPASS | gateways("2001:db8::5060", ("a.example", 5070), "a.example", ("a.example", 5071))
    assert (await api.client.post(BOLNA, json=fine)).status_code == 201


async def test_a_did_and_a_single_number_are_judged_alike(api: ApiUnderTest) -> None:
    trunk_id = (await api.create())["id"]
    for url, body, field in (
        (f"{TALKOVER}/{trunk_id}/dids", {"country_code": "US", "number": "+14155551234\n"}, "number"),
        (f"{BOLNA}/{trunk_id}/numbers", {"phone_number": "+14155551234\n"}, "phone_number"),
        (f"{BOLNA}/{trunk_id}/numbers", {"phone_number": "\u200b"}, "phone_number"),
        (f"{BOLNA}/{trunk_id}/numbers", {"phone_number": "+14155551234", "name": "\u200b"}, "name"),
    ):
        errors = await told(api, "POST", url, body)
        assert LINE_END in errors[field][0] or INVISIBLE in errors[field][0]


# Each dialect refuses a number by its value, what is wrong with it and what is right.
NO_NUMBERS = [
    ("+1 800 FLOWERS", "'+1 800 FLOWERS' holds 'F', which is no digit"),
    ("02079460958", "'02079460958' begins with 0, as it is dialled inside its country"),
    ("+999123456789", "'+999123456789' begins with no country code"),
    ("+1555", "'+1555' is too short for the country code +1"),
    ("+44 20 7946 095800", "is too long for the country code +44"),
    ("+1234567890123456", "has 16 digits, and E.164 at most 15"),
    ("+54 9 11 15 2345 6789", "must be written as +5491123456789 instead of '+54 9 11 15 2345 6789'"),
]


async def test_a_number_that_is_none_is_named_with_its_fault(api: ApiUnderTest) -> None:
    trunk_id = (await api.create())["id"]
    for given, said in NO_NUMBERS:
        for url, body, field in (
            (f"{TALKOVER}/{trunk_id}/dids", {"country_code": "US", "number": given}, "number"),
            (AUTOCALLS, NUMBER | {"phone_number": given}, "phone_number"),
            (
                f"{BOLNA}/{trunk_id}/numbers",
                {"phone_number": given, "e164_check_enabled": True},
                "phone_number",
            ),
        ):
            assert said in (await told(api, "POST", url, body))[field][0]


async def test_a_number_that_is_taken_or_in_use_is_named(api: ApiUnderTest) -> None:
    trunk_id = (await api.create())["id"]
    did = {"country_code": "US", "number": "+14155551234"}
    made = await api.client.post(f"{TALKOVER}/{trunk_id}/dids", json=did)
    several = numbers("919876543210", "1 (415) 555-1234")
    for answer, said in (
        (
            await api.client.post(BOLNA, json=USERPASS | several),
            "Phone number already exists: 1 (415) 555-1234",
        ),
        (
            await api.client.post(f"{BOLNA}/{trunk_id}/numbers", json=several["phone_numbers"][1]),
            "1 (415) 555",
        ),
        (await api.client.post(AUTOCALLS, json=NUMBER), "The number +14155551234 is already registered"),
    ):
        assert (answer.status_code, said in answer.text) == (409, True), answer.text
    await api.client.patch(
        f"{TALKOVER}/{trunk_id}/dids/{made.json()['data']['id']}", json={"assigned_to": "agent-7"}
    )
    emptied = await api.client.patch(f"{BOLNA}/{trunk_id}", json={"phone_numbers": []})
    assert emptied.status_code == 409
    assert "The number +14155551234 is still assigned" in emptied.text


LOOSE = [("1 (202) 555-0124", "+12025550124"), ("+4407911123456", "+447911123456"), ("1800-X", "1800-X")]


@pytest.mark.parametrize(("given", "normal"), LOOSE)
async def test_a_number_loosely_written_is_shown_so_by_its_own_dialect_alone(
    api: ApiUnderTest, given: str, normal: str
) -> None:
    trunk = await make(api, BOLNA, USERPASS | numbers(given))
    trunk_id = (await trunk.shown(TALKOVER))["id"]
    assert (await trunk.shown(BOLNA))["phone_numbers"][0]["phone_number"] == given
    assert (await trunk.shown(AUTOCALLS))["phone_number"] == normal
    (did,) = (await api.client.get(f"{TALKOVER}/{trunk_id}/dids")).json()["data"]
    assert did["number"] == normal
    # What is shown may be sent back, and the other dialect's spelling stays.
    assert (await trunk.write(AUTOCALLS, {"phone_number": normal})).status_code == 200
    assert (await trunk.shown(BOLNA))["phone_numbers"][0]["phone_number"] == given


# What each dialect's update takes null for, beside what is shown so.
CLEARED = {
    TALKOVER: {"port", "outbound_proxy", "auth_realm"},
    AUTOCALLS: {"nickname", "allowed_inbound_ips"},
    BOLNA: {"description"},
}


@pytest.mark.parametrize("dialect", [TALKOVER, AUTOCALLS, BOLNA])
async def test_null_is_refused_where_a_field_cannot_be_null(api: ApiUnderTest, dialect: str) -> None:
    api.on_ring = api.work(make_report())
    trunk = await make(api, dialect, BODIES[dialect])
    methods = api.app.openapi()["paths"][f"{dialect}/{{trunk_id}}"]
    content = methods.get("put", methods.get("patch"))["requestBody"]["content"]["application/json"]
    name = content["schema"]["$ref"].rpartition("/")[2]
    fields = set(api.app.openapi()["components"]["schemas"][name]["properties"])
    before = await trunk.shown(dialect)
    shown_as_null = {field for field in fields if field in before and before[field] is None}
    refused = set()
    for field in fields:
        answer = await trunk.write(dialect, {field: None})
        if answer.status_code != 200:
            assert answer.status_code == (400 if dialect == BOLNA else 422), answer.text
            assert list(answer.json()["errors"]) == [field]
            refused.add(field)
    assert fields - refused == (CLEARED[dialect] | shown_as_null) & fields
    after = await trunk.shown(dialect)
    assert {field for field in fields & before.keys() if after[field] != before[field]} <= CLEARED[dialect]


async def test_the_allow_lists_faults_are_told_in_our_words(api: ApiUnderTest) -> None:
    for entry, said in (
        ("here", "'here' in the allow-list is no address and no CIDR"),
        ("192.0.2.300", "'192.0.2.300' in the allow-list is no address and no CIDR"),
        ("203.0.113.10/33", "has '33' behind its slash, which is no number from 0 to 32"),
        ("203.0.113.10/24", "write 203.0.113.10 for it alone, or 203.0.113.0/24 for all of them"),
        ("2001:db8::1/64", "write 2001:db8::1 for it alone, or 2001:db8::/64 for all of them"),
    ):
        for url, body in (
            (AUTOCALLS, BY_IP | {"allowed_inbound_ips": [entry]}),
            (BOLNA, IP_BASED | {"ip_identifiers": addresses(entry)}),
        ):
            answer = await api.client.post(url, json=body)
            assert answer.status_code in (400, 422)
            assert said in answer.text, answer.text
            assert "appear" not in answer.text
            assert "host bits" not in answer.text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
async def test_a_body_is_in_utf_8(api: ApiUnderTest, encoding: str) -> None:
    for url, key in ((TALKOVER, {}), (AUTOCALLS, {}), (BOLNA, {}), (TALKOVER, {"Idempotency-Key": "k"})):
        answer = await api.client.post(
            url, content='{"name": "A"}'.encode(encoding), headers={"Content-Type": "application/json", **key}
        )
        assert answer.status_code == 400
        assert "it is not in UTF-8" in answer.text
