"""The LiveKit of the tests has the traps of the real one, seen through the official client alone."""

from collections.abc import AsyncIterator

import pytest
from livekit.api import LiveKitAPI, ServerError
from livekit.protocol.sip import (
    CreateSIPInboundTrunkRequest,
    DeleteSIPTrunkRequest,
    ListSIPInboundTrunkRequest,
    SIPInboundTrunkInfo,
)

from tests.peers.livekit_server import API_KEY, API_SECRET, Fault, LiveKitServer

NUMBER = "+14155551234"


@pytest.fixture
async def client() -> AsyncIterator[tuple[LiveKitServer, LiveKitAPI]]:
    with LiveKitServer() as server:
        async with LiveKitAPI(server.url, API_KEY, API_SECRET) as api:
            yield server, api


def inbound(**fields: object) -> CreateSIPInboundTrunkRequest:
    return CreateSIPInboundTrunkRequest(trunk=SIPInboundTrunkInfo(**fields))  # type: ignore[arg-type]


async def test_what_cannot_be_read_is_dropped_and_then_everyone_is_admitted(
    client: tuple[LiveKitServer, LiveKitAPI],
) -> None:
    server, api = client
    made = await api.sip.create_inbound_trunk(inbound(numbers=[NUMBER], allowed_addresses=["carrier"]))
    assert list(made.allowed_addresses) == []
    assert server.admits(made.sip_trunk_id, "192.0.2.66")


async def test_a_number_belongs_to_one_trunk(client: tuple[LiveKitServer, LiveKitAPI]) -> None:
    _, api = client
    await api.sip.create_inbound_trunk(inbound(numbers=[NUMBER]))
    with pytest.raises(ServerError, match="Conflicting inbound SIP Trunks") as refused:
        await api.sip.create_inbound_trunk(inbound(numbers=[NUMBER]))
    assert (refused.value.code, refused.value.status) == ("invalid_argument", 400)


async def test_a_list_is_narrowed_by_number_and_by_id(client: tuple[LiveKitServer, LiveKitAPI]) -> None:
    server, api = client
    first, second = server.add_inbound(numbers=[NUMBER]), server.add_inbound(numbers=["+442071234567"])
    by_number = await api.sip.list_inbound_trunk(ListSIPInboundTrunkRequest(numbers=[NUMBER]))
    by_id = await api.sip.list_inbound_trunk(ListSIPInboundTrunkRequest(trunk_ids=[second]))
    assert [each.sip_trunk_id for each in by_number.items] == [first]
    assert [each.sip_trunk_id for each in by_id.items] == [second]


async def test_a_trunk_that_is_not_there_cannot_be_deleted(
    client: tuple[LiveKitServer, LiveKitAPI],
) -> None:
    _, api = client
    with pytest.raises(ServerError) as refused:
        await api.sip.delete_trunk(DeleteSIPTrunkRequest(sip_trunk_id="ST_none"))
    assert (refused.value.code, refused.value.status) == ("not_found", 404)


async def test_another_key_is_refused(client: tuple[LiveKitServer, LiveKitAPI]) -> None:
    server, _ = client
    async with LiveKitAPI(server.url, "APIother", API_SECRET) as api:
        with pytest.raises(ServerError) as refused:
            await api.sip.list_inbound_trunk(ListSIPInboundTrunkRequest())
    assert (refused.value.code, refused.value.status) == ("unauthenticated", 401)


async def test_a_fault_meets_the_call_it_is_meant_for(client: tuple[LiveKitServer, LiveKitAPI]) -> None:
    server, api = client
    server.fail(Fault.INTERNAL, method="ListSIPInboundTrunk", nth=2, times=1)
    question = ListSIPInboundTrunkRequest()
    await api.sip.list_inbound_trunk(question)
    with pytest.raises(ServerError, match="the store is broken"):
        await api.sip.list_inbound_trunk(question)
    await api.sip.list_inbound_trunk(question)
