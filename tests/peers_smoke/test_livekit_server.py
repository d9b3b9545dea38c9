"""What is switched on the LiveKit of the tests, seen through the official client (tests/livekit_contract: the rest)."""

from collections.abc import AsyncIterator

import pytest
from livekit.api import LiveKitAPI, ServerError
from livekit.protocol.sip import ListSIPInboundTrunkRequest

from tests.peers.livekit.faults import Fault
from tests.peers.livekit.server import API_KEY, API_SECRET, LiveKitServer


@pytest.fixture
async def client() -> AsyncIterator[tuple[LiveKitServer, LiveKitAPI]]:
    with LiveKitServer() as server:
        async with LiveKitAPI(server.url, API_KEY, API_SECRET) as api:
            yield server, api


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
