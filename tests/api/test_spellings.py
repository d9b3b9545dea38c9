"""Phone numbers, extensions, lengths and secrets as people write them: what is refused is told how to write it."""

import re
from typing import Any

import pytest

from tests.api.client import BODY, ApiUnderTest
from tests.api.test_one_rule import AUTOCALLS, BOLNA, EXTENSION, TALKOVER, USERPASS

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

# What is given, and the number that it means.
MISSPELLED = [
    ("+330123456789", "+33123456789"),
    ("+4407911123456", "+447911123456"),
    ("+49030123456", "+4930123456"),
    ("+112025550199", "+12025550199"),
    ("+1 202 555 0124", "+12025550124"),
    ("+5215512345678", "+525512345678"),
    ("+78 495 123-45-67", "+74951234567"),
    ("00919876543210", "+919876543210"),
]


async def did(api: ApiUnderTest, trunk_id: str, number: str) -> Any:
    body = {"country_code": "US", "number": number}
    return await api.client.post(f"{TALKOVER}/{trunk_id}/dids", json=body)


async def test_the_right_form_is_told_by_every_dialect_that_wants_e164(api: ApiUnderTest) -> None:
    trunk_id = (await api.create())["id"]
    for given, right in MISSPELLED:
        number = EXTENSION | {"sip_trunk_type": "number", "phone_number": given}
        checked = {"phone_number": given, "e164_check_enabled": True}
        answers = [
            (await did(api, trunk_id, given), "number"),
            (await api.client.post(AUTOCALLS, json=number), "phone_number"),
            (await api.client.post(f"{BOLNA}/{trunk_id}/numbers", json=checked), "phone_number"),
        ]
        for answer, field in answers:
            assert answer.status_code in (400, 422), (given, answer.text)
            (told,) = answer.json()["errors"][field]
            assert f"must be written as {right}" in told


async def test_numbers_are_compared_in_e164_and_shown_as_given_where_they_were_given(
    api: ApiUnderTest,
) -> None:
    trunk_id = (await api.create())["id"]
    numbers = f"{BOLNA}/{trunk_id}/numbers"
    for given, right in MISSPELLED:
        shown = await api.client.post(numbers, json={"phone_number": given})
        assert (shown.status_code, shown.json()["phone_number"]) == (201, given)
        again = await api.client.post(numbers, json={"phone_number": right})
        assert (again.status_code, (await did(api, trunk_id, right)).status_code) == (409, 409)
    (listed,) = [
        each
        for each in (await api.client.get(f"{TALKOVER}/{trunk_id}/dids")).json()["data"]
        if each["number"] == "+447911123456"
    ]
    assert listed["formatted_number"] == "07911 123456"


async def test_a_zero_that_belongs_to_the_number_stays(api: ApiUnderTest) -> None:
    trunk_id = (await api.create())["id"]
    for number in ("+390612345678", "+3780549886377", "+2250123456789", "+242061234567"):
        assert (await did(api, trunk_id, number)).status_code == 201


EXTENSIONS = ["<1>", ";x=1", "a@b", '"1"', "1 0", "☎️", "١٠٠٠", "1000#", "é", "10/1", "a" * 16]


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_what_stands_in_no_sip_address_is_no_extension(api: ApiUnderTest, method: str) -> None:
    made = (await api.client.post(AUTOCALLS, json=EXTENSION)).json()["data"]
    url = AUTOCALLS if method == "POST" else f"{AUTOCALLS}/{made['id']}"
    for text in EXTENSIONS:
        answer = await api.client.request(method, url, json=EXTENSION | {"phone_number": text})
        assert answer.status_code == 422, text
        (told,) = answer.json()["errors"]["phone_number"]
        assert "must be an extension of 1 to 15 characters" in told
    for text in ("1001", "alice", "a.b-c_d", "*97", "+1001"):
        body = EXTENSION | {"phone_number": text}
        assert (await api.client.request(method, url, json=body)).status_code in (200, 201)


async def test_a_line_end_in_a_password_is_told(api: ApiUnderTest) -> None:
    """A file read whole, or `echo` into a variable, ends in one; the digest would be that of another password."""
    for url, body, field in (
        (TALKOVER, BODY, "password"),
        (AUTOCALLS, EXTENSION, "sip_password"),
        (BOLNA, USERPASS, "auth_password"),
    ):
        for password in ("hunter22\n", "hunter22\r\n", "\x00hunter22", "hun\ter22"):
            answer = await api.client.post(url, json=body | {field: password})
            assert answer.status_code in (400, 422)
            told = "NUL" if "\x00" in password else "line break"
            assert told in answer.json()["errors"][field][0]
            assert "hunter22" not in answer.text


async def test_faults_are_told_without_the_programs_own_words(api: ApiUnderTest) -> None:
    trunk_id = (await api.create())["id"]
    for url, body in (
        (AUTOCALLS, EXTENSION | {"sip_password": "ab", "country_code": "USA"}),
        (AUTOCALLS, EXTENSION | {"sip_password": "a" * 1025, "country_code": "ß"}),
        (AUTOCALLS, EXTENSION | {"allowed_inbound_ips": ["192.0.2.1"] * 257}),
        (TALKOVER, BODY | {"password": ""}),
        (BOLNA, USERPASS | {"auth_password": "", "gateways": [], "ip_identifiers": [{}] * 257}),
        (f"{TALKOVER}/{trunk_id}/dids", {"country_code": "USA", "number": "+12025550124"}),
    ):
        answer = await api.client.post(url, json=body)
        assert answer.status_code in (400, 422)
        assert re.search(r"after validation|pattern|Value|\^|\[A-Z", answer.text) is None
    answer = await api.client.post(AUTOCALLS, json=EXTENSION | {"sip_password": "ab"})
    assert answer.json()["errors"] == {"sip_password": ["SIP password must have at least 3 characters."]}


async def test_all_bad_entries_of_a_list_are_told(api: ApiUnderTest) -> None:
    body = EXTENSION | {"allowed_inbound_ips": ["203.0.113.10", "here", "192.0.2.300", "fe80::1%eth0"]}
    answer = await api.client.post(AUTOCALLS, json=body)
    (told,) = answer.json()["errors"]["allowed_inbound_ips"]
    assert all(entry in told for entry in ("'here'", "'192.0.2.300'", "'fe80::1%eth0'"))
