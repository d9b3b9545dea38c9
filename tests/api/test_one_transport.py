"""A trunk has one transport, whichever dialect writes it: talkover's first gateway is not the only one.

Source: docs/design/dialects.md, "One rule, three dialects".
"""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from sipcheck.target import TransportName
from tests.api.client import ApiUnderTest
from tests.api.test_one_rule import BOLNA, SDES, TALKOVER, USERPASS, Trunk, make
from tests.trunks.forms import make_report
from trunks.catalog.gateways import find_destination
from trunks.models.trunk import Gateway

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

THREE = [
    {"gateway_address": "c.carrier.example"},
    {"gateway_address": "d.carrier.example", "priority": 2},
    {"gateway_address": "e.carrier.example", "port": 5070, "priority": 3},
]
# What a trunk is, what talkover writes, the transport that all gateways have then, and their ports.
WRITTEN: list[tuple[dict[str, Any], dict[str, Any], str, list[int]]] = [
    ({}, {"transport": "tls"}, "tls", [5061, 5061, 5070]),
    ({}, {"transport": "tcp"}, "tcp", [5060, 5060, 5070]),
    ({}, {"transport": "tls", "port": 5099}, "tls", [5099, 5061, 5070]),
    ({}, {"transport": "tls", "domain": "f.carrier.example"}, "tls", [5061, 5061, 5070]),
    ({"transport": "transport-tls"}, {"transport": "udp"}, "udp", [5060, 5060, 5070]),
]


async def ports_and_transports(trunk: Trunk) -> tuple[list[int], set[str], list[int], str]:
    """As talkover shows them, and as bolna does."""
    talkover, bolna = (await trunk.shown(TALKOVER))["gateways"], await trunk.shown(BOLNA)
    return (
        [each["port"] for each in talkover],
        {each["transport"] for each in talkover},
        [each["port"] for each in bolna["gateways"]],
        bolna["transport"],
    )


async def test_a_transport_is_that_of_all_gateways(api: ApiUnderTest, subtests: pytest.Subtests) -> None:
    for body, change, transport, ports in WRITTEN:
        trunk = await make(api, BOLNA, USERPASS | {"gateways": THREE} | body)
        assert (await trunk.write(TALKOVER, change)).status_code == 200
        with subtests.test(transport, change=change):
            expected = (ports, {transport}, ports, f"transport-{transport}")
            assert await ports_and_transports(trunk) == expected
            encrypted = await trunk.write(BOLNA, {"media_encryption": "sdes"})
            assert encrypted.status_code == (200 if transport == "tls" else 422), encrypted.text
        await trunk.remove()


async def test_sdes_keeps_all_gateways_with_tls(api: ApiUnderTest) -> None:
    trunk = await make(api, BOLNA, SDES | {"gateways": THREE})
    refused = await trunk.write(TALKOVER, {"transport": "udp"})
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["transport"])
    assert await ports_and_transports(trunk) == (
        [5061, 5061, 5070],
        {"tls"},
        [5061, 5061, 5070],
        "transport-tls",
    )


async def make_mixed(api: ApiUnderTest) -> Trunk:
    """Enter a trunk as a former version left it: TLS at its first gateway alone."""
    api.on_ring = api.work(make_report())
    trunk = await make(api, BOLNA, USERPASS | {"gateways": THREE, "transport": "transport-tls"})
    with api.store.installation.database.write() as session:
        second = session.scalars(select(Gateway).where(Gateway.priority == 2)).one()
        second.transport = TransportName.UDP
        find_destination(session, second, None, api.store.clock())
    api.on_ring = lambda verification_id: None
    return trunk


MIXED = ([5061, 5060, 5070], {"tls", "udp"}, [5061, 5060, 5070], "transport-tls")
MENDED = ([5061, 5061, 5070], {"tls"}, [5061, 5061, 5070], "transport-tls")


@pytest.mark.parametrize(
    ("dialect", "change"),
    [
        (BOLNA, {"transport": "transport-tls"}),
        (BOLNA, {"transport": "transport-tls", "media_encryption": "sdes"}),
        (TALKOVER, {"transport": "tls"}),
    ],
)
async def test_a_transport_that_not_all_gateways_have_is_a_change(
    api: ApiUnderTest, dialect: str, change: dict[str, Any]
) -> None:
    trunk = await make_mixed(api)
    assert await ports_and_transports(trunk) == MIXED
    assert (await trunk.write(dialect, change)).status_code == 200
    assert await ports_and_transports(trunk) == MENDED
    assert (await trunk.shown(TALKOVER))["is_verified"] is False


async def test_what_is_shown_of_such_a_trunk_may_be_sent_back(api: ApiUnderTest) -> None:
    trunk = await make_mixed(api)
    for dialect, change in ((BOLNA, {"description": "changed"}), (TALKOVER, {"name": "Changed"})):
        shown = await trunk.shown(dialect)
        trunk_id = UUID(shown["id"])
        generation = api.store.trunk(trunk_id).generation
        assert (await trunk.write(dialect, shown | change)).status_code == 200
        assert await ports_and_transports(trunk) == MIXED
        after = api.store.trunk(trunk_id)
        assert (after.generation, after.is_verified) == (generation, True)
    # With sdes it is what sdes needs.
    encrypted = await trunk.write(BOLNA, await trunk.shown(BOLNA) | {"media_encryption": "sdes"})
    assert encrypted.status_code == 200, encrypted.text
    assert await ports_and_transports(trunk) == MENDED


async def test_sdes_alone_is_told_which_gateway_it_would_be_in_the_clear_at(api: ApiUnderTest) -> None:
    trunk = await make_mixed(api)
    refused = await trunk.write(BOLNA, {"media_encryption": "sdes"})
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["media_encryption"])
    assert (
        "d.carrier.example has transport-udp; send transport transport-tls with it"
        in refused.json()["message"]
    )
