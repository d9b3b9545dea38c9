"""The rooms that calls are put into, and the dispatch rules, of which there are none."""

from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message
from livekit.protocol.models import Room
from livekit.protocol.room import DeleteRoomRequest, DeleteRoomResponse, ListRoomsRequest, ListRoomsResponse
from livekit.protocol.sip import ListSIPDispatchRuleRequest, ListSIPDispatchRuleResponse

from tests.peers.livekit.refusal import Refusal


class LiveKitRooms:
    """Rooms by name."""

    def __init__(self) -> None:
        self.rooms: dict[str, Room] = {}

    def list_rooms(self, request: ListRoomsRequest) -> Message:
        found = [room for name, room in self.rooms.items() if not request.names or name in request.names]
        return ListRoomsResponse(rooms=found)

    def delete_room(self, request: DeleteRoomRequest) -> Message:
        if self.rooms.pop(request.room, None) is None:
            raise Refusal("not_found", "requested room does not exist")
        return DeleteRoomResponse()

    def list_dispatch_rules(self, _: ListSIPDispatchRuleRequest) -> Message:
        return ListSIPDispatchRuleResponse()


METHODS: dict[str, tuple[Any, Callable[[LiveKitRooms, Any], Message]]] = {
    "ListRooms": (ListRoomsRequest, LiveKitRooms.list_rooms),
    "ListSIPDispatchRule": (ListSIPDispatchRuleRequest, LiveKitRooms.list_dispatch_rules),
}
