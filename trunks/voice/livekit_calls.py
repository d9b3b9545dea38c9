"""LiveKit is asked for calls of ours, by a trunk inside the request: none is left there."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from google.protobuf.duration_pb2 import Duration
from livekit.api import LiveKitAPI, ServerError, ServerErrorCode
from livekit.protocol.room import DeleteRoomRequest, ListRoomsRequest
from livekit.protocol.sip import CreateSIPParticipantRequest, SIPOutboundConfig

from trunks.voice.asked_calls import CallOrder
from trunks.voice.livekit import CALL_TIMEOUT_SECONDS
from trunks.voice.livekit_errors import NotThere, translated

RING_SECONDS = 4.0
_LONGEST_SECONDS = 10
_CALLER = "trunkd"
_NO_CALL = frozenset({ServerErrorCode.UNAUTHENTICATED, ServerErrorCode.PERMISSION_DENIED})
_SHOWN_CHARACTERS = 200


@dataclass(slots=True, eq=False, repr=False)
class LiveKitCalls:
    """One client for the event loop that it is first used on."""

    url: str
    api_key: str
    api_secret: str
    ring_seconds: float = RING_SECONDS
    _client: LiveKitAPI | None = None

    async def call(self, order: CallOrder) -> str:
        request = CreateSIPParticipantRequest(
            trunk=SIPOutboundConfig(hostname=str(order.place)),
            sip_number=_CALLER,
            sip_call_to=order.user,
            room_name=order.room,
            participant_identity=order.user,
            max_call_duration=Duration(seconds=_LONGEST_SECONDS),
            ringing_timeout=Duration(
                seconds=int(self.ring_seconds), nanos=int(self.ring_seconds % 1 * 1_000_000_000)
            ),
            wait_until_answered=True,
        )
        if order.route is not None:
            request.headers["Route"] = f"<sip:{order.route};lr>"
        async with self._api(self.ring_seconds + CALL_TIMEOUT_SECONDS) as api:
            try:
                await api.sip.create_sip_participant(request)
            except ServerError as error:
                if error.code in _NO_CALL:
                    raise
                return f"{error.status} {error.code} {error.message}"[:_SHOWN_CHARACTERS]
        return "answered"

    async def rooms(self, prefix: str) -> Sequence[str]:
        async with self._api(CALL_TIMEOUT_SECONDS) as api:
            found = await api.room.list_rooms(ListRoomsRequest())
        return [room.name for room in found.rooms if room.name.startswith(prefix)]

    async def delete_room(self, name: str) -> None:
        with suppress(NotThere):
            async with self._api(CALL_TIMEOUT_SECONDS) as api:
                await api.room.delete_room(DeleteRoomRequest(room=name))

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    @asynccontextmanager
    async def _api(self, within_seconds: float) -> AsyncIterator[LiveKitAPI]:
        async with translated(self.url, within_seconds):
            if self._client is None:
                # No failover: it would call twice.
                self._client = LiveKitAPI(self.url, self.api_key, self.api_secret, failover=False)
            yield self._client
