"""Whom the contract suite asks: the double, or the LiveKit that LIVEKIT_TEST_URL names."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import aiohttp
from google.protobuf.message import Message
from livekit.api import AccessToken, SIPGrants, VideoGrants
from livekit.api.twirp_client import TwirpClient
from livekit.protocol.room import ListRoomsRequest, ListRoomsResponse
from livekit.protocol.sip import (
    ListSIPDispatchRuleRequest,
    ListSIPDispatchRuleResponse,
    ListSIPInboundTrunkRequest,
    ListSIPInboundTrunkResponse,
    ListSIPOutboundTrunkRequest,
    ListSIPOutboundTrunkResponse,
)

from tests.peers.livekit.server import API_KEY, API_SECRET, LiveKitServer

Answer = TypeVar("Answer", bound=Message)


class NotEmpty(Exception):
    """There is something on this LiveKit: the suite creates, changes and deletes, so it asks an empty one alone."""


@dataclass(frozen=True, slots=True)
class Named:
    """Where a LiveKit is, and the key to it."""

    url: str
    api_key: str
    api_secret: str


@dataclass(frozen=True, slots=True)
class Installation:
    """A LiveKit that can be asked anything: the official client leaves parts of the API out."""

    client: TwirpClient
    token: str

    async def ask(
        self, method: str, request: Message, answer: type[Answer], *, service: str = "SIP"
    ) -> Answer:
        """Call a method. Raises livekit.api.ServerError."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answered: Answer = await self.client.request(service, method, request, headers, answer)
        return answered


def named() -> Named | None:
    """Read LIVEKIT_TEST_URL, _KEY and _SECRET; without them the double is asked."""
    url = os.environ.get("LIVEKIT_TEST_URL")
    return Named(url, os.environ["LIVEKIT_TEST_KEY"], os.environ["LIVEKIT_TEST_SECRET"]) if url else None


@asynccontextmanager
async def opened(double: LiveKitServer) -> AsyncIterator[Installation]:
    """Connect to the LiveKit that is named, if it is empty, or to this double. Raises NotEmpty."""
    async with AsyncExitStack() as stack:
        there = named()
        if there is None:
            server = stack.enter_context(double)
            there = Named(server.url, API_KEY, API_SECRET)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        client = TwirpClient(session, there.url, "livekit", failover=False)
        installation = Installation(client, _token(there))
        await _require_empty(installation)
        yield installation


def _token(there: Named) -> str:
    token = AccessToken(there.api_key, there.api_secret).with_sip_grants(SIPGrants(admin=True, call=True))
    return token.with_grants(VideoGrants(room_list=True, room_create=True)).to_jwt()


async def _require_empty(installation: Installation) -> None:
    ask = installation.ask
    inbound = await ask("ListSIPInboundTrunk", ListSIPInboundTrunkRequest(), ListSIPInboundTrunkResponse)
    outbound = await ask("ListSIPOutboundTrunk", ListSIPOutboundTrunkRequest(), ListSIPOutboundTrunkResponse)
    rules = await ask("ListSIPDispatchRule", ListSIPDispatchRuleRequest(), ListSIPDispatchRuleResponse)
    rooms = await ask("ListRooms", ListRoomsRequest(), ListRoomsResponse, service="RoomService")
    found = {
        "inbound trunks": len(inbound.items),
        "outbound trunks": len(outbound.items),
        "dispatch rules": len(rules.items),
        "rooms": len(rooms.rooms),
    }
    there = ", ".join(f"{count} {name}" for name, count in found.items() if count)
    if there:
        raise NotEmpty(f"it holds {there}")
