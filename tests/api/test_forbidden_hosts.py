"""Addresses and names that no call may go to, in each dialect: refused at creation and edit, or at verify."""

from typing import Any

import pytest

from tests.api.client import ApiUnderTest
from tests.api.creations import AUTOCALLS, BOLNA, CREATIONS, TALKOVER

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

# What is given, and what is said of it.
FORBIDDEN = {
    "10.1.2.3": "10.1.2.3 is private",
    "[::ffff:10.1.2.3]": "10.1.2.3",
    "169.254.169.254": "cloud metadata",
    "LocalHost.": "one label",
    "redis": "one label",
    "pbx.local": ".local, RFC 6762",
    "sip.corp.internal": ".internal",
    "livekit.default.svc.cluster.local": ".cluster.local, Kubernetes",
    "nas.home.arpa": ".home.arpa",
}
MEND = "no call may go there; give the carrier's public address or name."


def autocalls_body(n: int, host: str) -> dict[str, Any]:
    return CREATIONS["autocalls-extension"].body(n) | {"sip_address": host}


def bolna_body(n: int, host: str) -> dict[str, Any]:
    body = CREATIONS["bolna-trunk"].body(n) | {"phone_numbers": []}
    return body | {"gateways": [{"gateway_address": "sip.carrier.example"}, {"gateway_address": host}]}


async def test_each_dialect_says_what_is_wrong_and_what_mends_it(api: ApiUnderTest) -> None:
    made = (await api.client.post(AUTOCALLS, json=autocalls_body(1, "sip.carrier.example"))).json()["data"]
    trunk = (await api.client.post(BOLNA, json=bolna_body(1, "sip2.carrier.example"))).json()
    trunk_id = trunk["trunk_id"] if "trunk_id" in trunk else trunk["id"]
    for host, told in FORBIDDEN.items():
        of_bolna = bolna_body(2, host)
        answers = [
            (await api.client.post(AUTOCALLS, json=autocalls_body(2, host)), 422, "sip_address"),
            (
                await api.client.put(f"{AUTOCALLS}/{made['id']}", json={"sip_address": host}),
                422,
                "sip_address",
            ),
            (await api.client.post(BOLNA, json=of_bolna), 400, "gateways"),
            (
                await api.client.patch(f"{BOLNA}/{trunk_id}", json={"gateways": of_bolna["gateways"]}),
                400,
                "gateways",
            ),
        ]
        for answer, status, field in answers:
            assert answer.status_code == status, (host, answer.text)
            (said,) = answer.json()["errors"][field]
            assert told in said
            assert said.endswith(MEND)


async def test_talkover_takes_it_and_its_edit_elsewhere_is_no_fault(api: ApiUnderTest) -> None:
    """What verify says of it is the engine's (tests/sipcheck/test_guard.py); what was there before stops no edit."""
    made = await api.create(domain="pbx.local", outbound_proxy="proxy.internal:5060")
    page = f"{BOLNA}/{made['id']}"
    assert (await api.client.patch(page, json={"name": "Another"})).status_code == 200
    shown = (await api.client.get(page)).json()["gateways"]
    sent = [{"gateway_address": each["gateway_address"], "port": each["port"]} for each in shown]
    assert (await api.client.patch(page, json={"gateways": sent})).status_code == 200
    changed = await api.client.put(f"{TALKOVER}/{made['id']}", json={"domain": "10.0.0.1"})
    assert changed.status_code == 200
